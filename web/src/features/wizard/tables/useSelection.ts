import { useCallback, useMemo, useRef } from 'react';
import { useDraft } from '../draft';
import { idOf, keyOf, type Place, type Reference, referenceOf, type TableId } from './reference';
import {
  chosen,
  type Row,
  type TableSelection,
  type Way,
  wayOf,
  withoutTables,
  withTables,
} from './selection';
import type { SourceTables } from './useSourceTables';

/** Which tables move, and how that is changed. */
export interface Selection {
  way: Way;
  keys: ReadonlySet<string>;
  /** Chosen tables in the order of the list; those that it lacks come last. */
  rows: readonly Row[];
  tick: (tables: readonly TableId[], on: boolean) => void;
  choose: (way: Way) => void;
  setMatching: (matching: { include: string[]; exclude: string[] }) => void;
  /** Ticks what patterns or "all" take. */
  tickThese: () => void;
}

export function useSelection(tables: SourceTables, place: Place): Selection {
  const { draft, change } = useDraft();
  const selected = draft.tables;
  const way = wayOf(selected);
  const keys = useMemo(
    () => chosen(selected, tables.rows, tables.byKey, place),
    [selected, tables.rows, tables.byKey, place],
  );
  const rows = useMemo(() => rowsOf(keys, tables), [keys, tables]);
  /** What was chosen each way, to come back to. */
  const kept = useRef<Partial<Record<Way, TableSelection>>>({});
  const set = useCallback(
    (next: (old: TableSelection | undefined) => TableSelection | undefined) =>
      change((draft) => ({ ...draft, tables: next(draft.tables) })),
    [change],
  );

  const listing = useCallback(
    (now: TableSelection | undefined): Reference[] => {
      if (wayOf(now) === 'listed') return now?.listed ?? [];
      return [...chosen(now, tables.rows, tables.byKey, place)].map((key) => referenceOf(idOf(key), place));
    },
    [tables.rows, tables.byKey, place],
  );

  const tick = useCallback(
    (changed: readonly TableId[], on: boolean) =>
      set((now) => {
        const listed = listing(now);
        if (on) {
          const before = chosen({ listed }, tables.rows, tables.byKey, place);
          return { listed: withTables(listed, before, changed, place) };
        }
        const gone = new Set(changed.map(keyOf));
        return { listed: withoutTables(listed, gone, place, (id) => tables.byKey.has(keyOf(id))) };
      }),
    [set, listing, tables.rows, tables.byKey, place],
  );

  const choose = useCallback(
    (next: Way) =>
      set((now) => {
        kept.current[wayOf(now)] = now;
        const before = kept.current[next];
        if (before) return before;
        if (next === 'all') return { all: true };
        if (next === 'matching') return { matching: { include: [], exclude: [] } };
        return { listed: [] };
      }),
    [set],
  );

  const setMatching = useCallback(
    (matching: { include: string[]; exclude: string[] }) => set(() => ({ matching })),
    [set],
  );
  const tickThese = useCallback(() => set((now) => ({ listed: listing(now) })), [set, listing]);

  return useMemo(
    () => ({ way, keys, rows, tick, choose, setMatching, tickThese }),
    [way, keys, rows, tick, choose, setMatching, tickThese],
  );
}

function rowsOf(keys: ReadonlySet<string>, tables: SourceTables): Row[] {
  const rows = tables.rows.filter((row) => keys.has(row.key));
  if (rows.length === keys.size) return rows;
  const absent = [...keys].filter((key) => !tables.byKey.has(key));
  return [...rows, ...absent.map((key) => absentRow(key, tables.isCut))];
}

/** A table that is listed by the migration and not by the source: gone, or beyond what is shown. */
function absentRow(key: string, isCut: boolean): Row {
  return {
    ...idOf(key),
    key,
    kind: 'table',
    comment: '',
    'estimated-rows': null,
    'estimated-bytes': null,
    missing: !isCut,
  };
}
