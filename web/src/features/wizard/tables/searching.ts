import type { Schemas } from '@/api/client';
import type { Row } from './selection';
import { DEFAULTS, rowOf } from './useSourceTables';

export interface Asked {
  how: 'exact' | 'fuzzy';
  content: string;
  /** As it is typed: `\n` and `\t` stand for what they stand for everywhere. */
  separator: string;
  anyCase: boolean;
}

export interface SearchResult {
  rows: Row[];
  unmatched: string[];
}

const NAMES_AT_ONCE = 5_000;
const ROWS_AT_ONCE = 10_000;

/** What is looked for: names, each once, or keywords. */
export function termsOf({ how, content, separator }: Asked): string[] {
  if (how === 'fuzzy') return content.split(/\s+/).filter((word) => word !== '');
  const by = separator.replace(/\\([nt\\])/g, (_, sign: string) => ({ n: '\n', t: '\t' })[sign] ?? sign);
  const text = content.replace(/\r\n/g, '\n');
  const parts = by === '' ? [text] : text.split(by);
  return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ''))];
}

/** All tables that are found, page after page. */
export async function searchAll(
  search: (body: Schemas['Search']) => Promise<Schemas['Found']>,
  asked: Asked,
  schemas: readonly string[],
): Promise<SearchResult> {
  const terms = termsOf(asked);
  const common = { ...DEFAULTS, schemas: [...schemas], 'any-case': asked.anyCase, limit: ROWS_AT_ONCE };
  const result: SearchResult = { rows: [], unmatched: [] };
  const pages = async (body: Schemas['Search']) => {
    const first = await search(body);
    // A later page would take for unmatched what stands on an earlier one.
    result.unmatched.push(...first.unmatched);
    for (let page = first; ; page = await search({ ...body, after: page.next })) {
      for (const table of page.tables) result.rows.push(rowOf(table));
      if (!page.next) return;
    }
  };
  if (asked.how === 'fuzzy') await pages({ ...common, keywords: terms });
  else {
    for (let from = 0; from < terms.length; from += NAMES_AT_ONCE) {
      await pages({ ...common, names: terms.slice(from, from + NAMES_AT_ONCE) });
    }
  }
  const byKey = new Map(result.rows.map((row) => [row.key, row]));
  return { ...result, rows: [...byKey.values()] };
}
