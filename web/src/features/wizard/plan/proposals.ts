import { parse } from 'yaml';
import type { Schemas } from '@/api/client';
import type { Draft } from '../draft';

type Finding = Schemas['Finding'];

/** What the service proposes: a piece of the migration that would settle the matter. */
export interface Proposal {
  /** The piece as it was written. */
  text: string;
  /** What it says, in few words. */
  label: string;
  piece: Piece;
}

interface Piece {
  each?: Schemas['TableException'][];
  names?: Partial<Schemas['NameRules']>;
}

/** The pieces that a finding's hint proposes, the best first. */
export function proposalsOf(finding: Finding): Proposal[] {
  const { hint } = finding;
  if (hint == null) return [];
  const proposals: Proposal[] = [];
  for (const start of hint.matchAll(/\b(each: \[|names: \{)/g)) {
    const text = balanced(hint, start.index);
    const piece = text === undefined ? undefined : pieceOf(text);
    if (text !== undefined && piece !== undefined)
      proposals.push({ text, piece, label: labelOf(piece, text) });
  }
  return proposals;
}

/** The text from a key to where its bracket ends; quotes hold brackets that do not count. */
function balanced(text: string, from: number): string | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign === '\\') at += 1;
      else if (sign === '"') quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === '[' || sign === '{') depth += 1;
    else if (sign === ']' || sign === '}') {
      depth -= 1;
      if (depth === 0) return text.slice(from, at + 1);
    }
  }
  return undefined;
}

function pieceOf(text: string): Piece | undefined {
  try {
    const value: unknown = parse(text);
    return typeof value === 'object' && value !== null ? (value as Piece) : undefined;
  } catch {
    return undefined;
  }
}

function labelOf({ each, names }: Piece, text: string): string {
  const [first] = each ?? [];
  const columns = Object.entries(first?.columns ?? {});
  if (columns.length > 0) {
    return columns
      .map(([column, { as, charset, skip }]) => {
        if (skip) return `${column}: skip`;
        return `${column}: ${[as && `as ${as}`, charset].filter(Boolean).join(', ')}`;
      })
      .join('; ');
  }
  if (first?.filter === 'none') return 'filter: none';
  if (names?.illegal === 'convert') return 'illegal: convert';
  return text.replace(/^(each|names): /, '');
}

function sameTable(one: Schemas['TableReference'], other: Schemas['TableReference']): boolean {
  const name = (of: Schemas['TableReference']) => (typeof of === 'string' ? of : `${of.schema}.${of.table}`);
  return name(one) === name(other);
}

/** The draft with these proposals accepted; what else it says of the same tables stays. */
export function accepted(draft: Draft, proposals: readonly Proposal[]): Draft {
  let next = draft;
  for (const { piece } of proposals) {
    if (piece.each) next = { ...next, each: withExceptions(next.each ?? [], piece.each) };
    if (piece.names) {
      const rules = (key: 'table-rules' | 'field-rules') => {
        const before = next.names?.[key] ?? [];
        const more = (piece.names?.[key] ?? []).filter(
          (rule) => !before.some(({ replace }) => replace === rule.replace),
        );
        return before.length + more.length > 0 ? { [key]: [...before, ...more] } : {};
      };
      next = {
        ...next,
        names: { ...next.names, ...piece.names, ...rules('table-rules'), ...rules('field-rules') },
      };
    }
  }
  return next;
}

function withExceptions(
  each: Schemas['TableException'][],
  more: Schemas['TableException'][],
): Schemas['TableException'][] {
  const next = [...each];
  for (const one of more) {
    const index = next.findIndex(({ table }) => sameTable(table, one.table));
    const old = next[index];
    if (old === undefined) next.push(one);
    else {
      const columns = one.columns || old.columns ? { columns: { ...old.columns, ...one.columns } } : {};
      next[index] = { ...old, ...one, ...columns };
    }
  }
  return next;
}

/** What can be accepted for many tables at once: other types and names change nothing of which rows are read. */
export interface Best {
  types: Proposal[];
  /** Tables without the column of the filter, read whole. */
  filters: Proposal[];
}

/**
 * One proposal for each refused column, name and filter, the best of each. Where one finding proposes for all
 * columns of a table, those of the single columns are the same ones.
 */
export function bestOf(findings: readonly Finding[]): Best {
  const best: Best = { types: [], filters: [] };
  const known = new Set<string>();
  for (const finding of findings) {
    if (finding.severity !== 'blocker') continue;
    const proposals = proposalsOf(finding);
    // Of names, a rule for each would pile up: letting them be converted settles all.
    const convert = proposals.find(({ piece }) => piece.names?.illegal === 'convert');
    const first = convert ?? proposals[0];
    if (first === undefined || known.has(first.text)) continue;
    known.add(first.text);
    const isFilter = first.piece.each?.some(({ filter }) => filter != null) ?? false;
    best[isFilter ? 'filters' : 'types'].push(first);
  }
  return best;
}
