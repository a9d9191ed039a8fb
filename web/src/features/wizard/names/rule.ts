/** What a rule may hold as `${name}`, in the order of the list. */
export const VARIABLES = [
  'source_data_source_type',
  'target_data_source_type',
  'source_data_source_name',
  'target_data_source_name',
  'source_schema',
  'source_table_name',
  'target_table_name',
  'migration_name',
  'method',
] as const;
export type Variable = (typeof VARIABLES)[number];

export const LONGEST = 256;
const REFERENCE = /\$\{([^}]*)\}/g;
const FORBIDDEN = /[|/\\:?<>*"\p{Cc}]/gu;

export function written(variable: Variable): string {
  return `\${${variable}}`;
}

/** A connector's title as one word: `PostgreSQL`, `Lake`, `Parquet_files`. */
export function typeWord(title: string): string {
  const short = title.split('(')[0] ?? title;
  return short
    .split(/[^\p{L}\p{N}.-]+/u)
    .filter(Boolean)
    .join('_');
}

/** The text that a rule of one's own starts as, of the titles of both connectors. */
export function defaultRule(source: string, target: string): string {
  return `${typeWord(source)}2${typeWord(target)}_${written('source_table_name')}`;
}

export interface RuleFaults {
  isBlank: boolean;
  /** The length of what is no variable, where that alone is too long. */
  tooLong: number | null;
  forbidden: string[];
  unknown: string[];
}

/** What is wrong with a rule whatever the table is called; the service says the rest. */
export function faultsOf(rule: string): RuleFaults {
  const fixed = rule.replace(REFERENCE, '');
  const length = [...fixed].length;
  const names = [...rule.matchAll(REFERENCE)].map((match) => (match[1] ?? '').trim());
  return {
    isBlank: rule.trim() === '',
    tooLong: length > LONGEST ? length : null,
    forbidden: [...new Set(fixed.match(FORBIDDEN) ?? [])],
    unknown: [...new Set(names.filter((name) => !VARIABLES.some((known) => known === name)))],
  };
}

/** Whether the rule itself tells a table's daily and one-time tasks apart. */
export function tellsPartsApart(rule: string): boolean {
  return [...rule.matchAll(REFERENCE)].some((match) => match[1]?.trim() === 'method');
}
