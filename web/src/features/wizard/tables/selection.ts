import type { Schemas } from '@/api/client';
import { matcher } from './glob';
import { keyOf, type Place, type Reference, referenceOf, resolve, type TableId } from './reference';

export type FoundTable = Schemas['FoundTable'];
export type TableSelection = Schemas['TableSelection'];
/** The document's three ways to say which tables are meant. */
export type Way = 'listed' | 'matching' | 'all';

/** A table of the source as the list has it. */
export interface Row extends FoundTable {
  key: string;
  /** Listed by the migration, and not found at the source. */
  missing?: boolean;
}

/** Kinds that patterns and "all" take; others move where they are listed by name. */
const TAKEN = new Set(['table', 'partitioned-table', 'system-versioned', 'inheritance-child']);

export function wayOf(tables: TableSelection | undefined): Way {
  if (tables?.matching) return 'matching';
  return tables?.all ? 'all' : 'listed';
}

/** Sequences hold no rows. */
export function mayMove(row: FoundTable): boolean {
  return row.kind !== 'sequence';
}

/** The keys of the tables that are chosen, in the order of the list, or of the migration where that lists them. */
export function chosen(
  tables: TableSelection | undefined,
  rows: readonly Row[],
  known: ReadonlyMap<string, Row>,
  place: Place,
): Set<string> {
  const keys = new Set<string>();
  if (tables?.listed) {
    const having = (id: TableId) => known.has(keyOf(id));
    for (const reference of tables.listed) keys.add(keyOf(resolve(reference, place, having)));
  } else if (tables?.matching) {
    const takes = matcher(tables.matching.include, tables.matching.exclude ?? []);
    for (const row of rows) {
      if (TAKEN.has(row.kind) && takes(`${row.schema}.${row.table}`)) keys.add(row.key);
    }
  } else if (tables?.all) {
    for (const row of rows) if (TAKEN.has(row.kind)) keys.add(row.key);
  }
  return keys;
}

/** The list with some tables more. */
export function withTables(
  listed: readonly Reference[],
  chosenNow: ReadonlySet<string>,
  more: readonly TableId[],
  place: Place,
): Reference[] {
  const added = more.filter((id) => !chosenNow.has(keyOf(id)));
  return [...listed, ...added.map((id) => referenceOf(id, place))];
}

/** The list without some tables. */
export function withoutTables(
  listed: readonly Reference[],
  gone: ReadonlySet<string>,
  place: Place,
  having: (id: TableId) => boolean,
): Reference[] {
  return listed.filter((reference) => !gone.has(keyOf(resolve(reference, place, having))));
}
