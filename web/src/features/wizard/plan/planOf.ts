import type { Schemas } from '@/api/client';
import type { Failure } from './failure';

type Finding = Schemas['Finding'];
type Table = Schemas['Table'];

/** What travels, or a type that holds it: a word, or a word with its particulars. */
export type Logical = string | Record<string, Record<string, unknown>>;
export type Fidelity = 'exact' | 'widened' | { lossy: string };

export interface PlannedColumn {
  source: string;
  source_type: string;
  logical: Logical;
  destination: string;
  destination_type: string;
  holds: Logical;
  fidelity: Fidelity;
}

export interface PlannedTable {
  id: string;
  scan: {
    table: Table;
    kind: string;
    filter: string | null;
    primary_key: string[];
    estimated_rows: number | null;
    estimated_bytes: number | null;
  };
  columns: PlannedColumn[];
  write: {
    table: { name: Table; primary_key: string[] };
    policy: string;
    partition: { column: string; value: string } | null;
    exists: boolean;
    change?: 'keep' | 'recreate' | { 'add-columns': string[] };
    ddl: string[];
    update_key?: string[];
    without_source?: string[];
  };
  findings: Finding[];
}

export interface RefusedTable {
  source: Table;
  destination: Table | null;
  findings: Finding[];
}

/** The plan of a migration, as the operation that made it holds it. */
export interface Plan {
  bizdate: string;
  environment: string;
  part: string;
  pipelines: PlannedTable[];
  refused: RefusedTable[];
  findings: Finding[];
}

export interface Planned {
  blocked: boolean;
  plan: Plan | null;
  findings: Finding[];
  error: Failure | null;
}

/** The result of an operation that planned; nothing as long as it has none. */
export function plannedOf(result: unknown): Planned | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const { blocked = true, plan = null, findings = [], error = null } = result as Partial<Planned>;
  return { blocked, plan, findings, error };
}

/** How a column fares, in one word. */
export function wordOf(fidelity: Fidelity): 'exact' | 'widened' | 'lossy' {
  return typeof fidelity === 'string' ? fidelity : 'lossy';
}

/** The type that travels, in short: `decimal(12, 2)`, `timestamp(6) with zone`. */
export function typeText(logical: Logical): string {
  if (typeof logical === 'string') return logical;
  const [name, particulars] = Object.entries(logical)[0] ?? ['', {}];
  const of = particulars ?? {};
  switch (name) {
    case 'integer':
      return `${of.signed === false ? 'unsigned ' : ''}integer(${of.bits})`;
    case 'decimal':
      return `decimal(${of.precision}, ${of.scale})`;
    case 'text':
      return of.max_chars == null ? 'text' : `text(${of.max_chars})`;
    case 'timestamp':
      return `timestamp(${of.precision})${of.zoned ? ' with zone' : ''}`;
    default: {
      const told = Object.entries(of).filter(([, value]) => value !== null);
      const inner = told.map(([key, value]) => (typeof value === 'object' ? key : String(value)));
      return inner.length > 0 ? `${name}(${inner.join(', ')})` : name;
    }
  }
}

/** One line of the plan: a table that moves, or one that is refused. */
export interface Line {
  key: string;
  source: Table;
  target: Table | null;
  moves: PlannedTable | null;
  findings: Finding[];
  fidelity: 'exact' | 'widened' | 'lossy' | null;
}

const WEIGHT = { exact: 0, widened: 1, lossy: 2 } as const;

/** All tables of a plan, those refused first. */
export function linesOf(plan: Plan): Line[] {
  const keyOf = ({ schema, table }: Table) => JSON.stringify([schema, table]);
  const refused = plan.refused.map(
    (one): Line => ({
      key: keyOf(one.source),
      source: one.source,
      target: one.destination,
      moves: null,
      findings: one.findings,
      fidelity: null,
    }),
  );
  const moves = plan.pipelines.map((one): Line => {
    let fidelity: 'exact' | 'widened' | 'lossy' = 'exact';
    for (const column of one.columns) {
      const word = wordOf(column.fidelity);
      if (WEIGHT[word] > WEIGHT[fidelity]) fidelity = word;
    }
    return {
      key: keyOf(one.scan.table),
      source: one.scan.table,
      target: one.write.table.name,
      moves: one,
      findings: one.findings,
      fidelity,
    };
  });
  return [...refused, ...moves];
}
