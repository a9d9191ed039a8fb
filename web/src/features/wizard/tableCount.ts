import { useMemo } from 'react';
import { useDraft } from './draft';
import { placeOf } from './tables/reference';
import { chosen } from './tables/selection';
import { useSourceTables } from './tables/useSourceTables';

/**
 * How many tables are chosen: exactly where they are listed, about where they are chosen by pattern, as the
 * metadata has them; unknown where there is none.
 */
export function useTableCount(): { count: number | undefined; isExact: boolean } {
  const { draft, source, reads } = useDraft();
  const { tables } = draft;
  const listed = tables?.listed;
  const isPattern = listed == null && (tables?.all === true || tables?.matching != null);
  const place = placeOf(draft, source, reads);
  const { rows, byKey, isPending } = useSourceTables(isPattern ? source : undefined, place);
  return useMemo(() => {
    if (listed != null) return { count: listed.length, isExact: true };
    if (!isPattern) return { count: 0, isExact: true };
    const count = isPending ? undefined : chosen(tables, rows, byKey, { schemas: [], varies: false }).size;
    return { count: count || undefined, isExact: false };
  }, [listed, isPattern, tables, rows, byKey, isPending]);
}
