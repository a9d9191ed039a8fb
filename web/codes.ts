import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';

const PAGES = { en: 'README.md', zh: 'README.zh.md' } as const;
const NAMED = /^virtual:codes\/(en|zh)$/;

/** Codes of findings, errors and rejected rows, as a section of docs/errors has them. */
export interface CodeSection {
  title: string;
  codes: { code: string; means: string; wayOut: string }[];
}

/** The sections of a page of docs/errors: `## title`, and tables whose rows are code, meaning, way out. */
export function codesOf(page: string): CodeSection[] {
  const sections: CodeSection[] = [];
  for (const line of page.split('\n')) {
    const title = line.match(/^## (.+)$/)?.[1];
    if (title !== undefined) sections.push({ title, codes: [] });
    const [, code, means, wayOut] = line.match(/^\| `([A-Z0-9_]+)` \| (.*?[^\\]) \| (.*[^\\]) \|$/) ?? [];
    if (code === undefined || means === undefined || wayOut === undefined) continue;
    const plain = (cell: string) => cell.replaceAll('\\|', '|');
    sections.at(-1)?.codes.push({ code, means: plain(means), wayOut: plain(wayOut) });
  }
  return sections.filter(({ codes }) => codes.length > 0);
}

/** `virtual:codes/en` and `virtual:codes/zh`: what docs/errors says, for the page. */
export function codesOfDocs(): Plugin {
  return {
    name: 'codes-of-docs',
    resolveId: (id) => (NAMED.test(id) ? `\0${id}` : undefined),
    load(id) {
      const language = id.slice(1).match(NAMED)?.[1] as keyof typeof PAGES | undefined;
      if (id[0] !== '\0' || language === undefined) return undefined;
      const file = resolve(import.meta.dirname, '../docs/errors', PAGES[language]);
      this.addWatchFile(file);
      const sections = codesOf(readFileSync(file, 'utf8'));
      if (sections.length === 0) throw new Error(`${file} has no codes`);
      return `export default ${JSON.stringify(sections)}`;
    },
  };
}
