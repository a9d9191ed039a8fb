import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useSearch } from '@/ui/useSearch';
import type { Row } from './selection';
import { SHOWN, type Shown } from './Toolbar';
import type { Selection } from './useSelection';
import type { SourceTables } from './useSourceTables';

/** An address is not written with each key. */
const TYPING_MS = 400;

export interface View {
  rows: readonly Row[];
  shown: Shown;
  setShown: (shown: Shown) => void;
  counts: Record<Shown, number>;
  find: string;
  setFind: (find: string) => void;
  showAll: () => void;
}

/** Which of the tables are shown: filter and search live in the address, as it is typed with a little delay. */
export function useShown(tables: SourceTables, selection: Selection): View {
  const search = useSearch();
  const { set } = search;
  const asked = search.get('tables');
  const shown = SHOWN.find((one) => one === asked) ?? 'all';
  const [find, setFind] = useState(search.get('find') ?? '');
  const text = useDeferredValue(find);
  const latest = useRef(set);
  useEffect(() => {
    latest.current = set;
  }, [set]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = useCallback((next: string) => {
    setFind(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current({ find: next }), TYPING_MS);
  }, []);

  const setShown = useCallback((next: Shown) => set({ tables: next === 'all' ? null : next }), [set]);
  const showAll = useCallback(() => {
    setFind('');
    clearTimeout(timer.current);
    set({ tables: null, find: null });
  }, [set]);
  const found = useMemo(() => {
    const { keys } = selection;
    const of: Record<Shown, readonly Row[]> = {
      all: tables.rows,
      selected: selection.rows,
      unselected: shown === 'unselected' ? tables.rows.filter((row) => !keys.has(row.key)) : [],
    };
    const rows = of[shown];
    return text === '' ? rows : rows.filter((row) => row.table.includes(text));
  }, [tables.rows, selection, shown, text]);
  const counts = useMemo(() => {
    const here = selection.rows.filter((row) => tables.byKey.has(row.key)).length;
    return {
      all: tables.rows.length,
      selected: selection.rows.length,
      unselected: tables.rows.length - here,
    };
  }, [tables, selection.rows]);
  return { rows: found, shown, setShown, counts, find, setFind: type, showAll };
}
