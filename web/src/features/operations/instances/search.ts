import { useMemo } from 'react';
import { STATES } from '@/ui/StateTag';
import { useSearch } from '@/ui/useSearch';
import { useEnvironment } from '../common/environment';
import type { InstanceFilters } from '../common/queries';
import { type InstanceLine, KINDS } from '../common/types';

/** What is selected, by number, as it was when it was selected. */
export type Selection = ReadonlyMap<number, InstanceLine>;

/** What is asked for in the address; what stands there and is none of ours is left out. */
export function useFilters(): {
  filters: InstanceFilters;
  isFiltered: boolean;
  set: (changes: Partial<Record<keyof InstanceFilters, string | undefined>>) => void;
  clear: () => void;
} {
  const { get, set } = useSearch();
  const environment = useEnvironment();
  const [state, kind, bizdate, origin, task] = [
    STATES.find((one) => one === get('state')),
    KINDS.find((one) => one === get('kind')),
    get('bizdate')?.match(/^\d{8}$/)?.[0],
    get('origin'),
    get('task'),
  ];
  const filters = useMemo(
    () => ({ environment, state, kind, bizdate, origin, task }),
    [environment, state, kind, bizdate, origin, task],
  );
  const none = { state: undefined, kind: undefined, bizdate: undefined, origin: undefined, task: undefined };
  return {
    filters,
    isFiltered: [state, kind, bizdate, origin, task].some((one) => one !== undefined),
    // Another search begins on its first page.
    set: (changes) => set({ ...changes, after: undefined }),
    clear: () => set({ ...none, after: undefined }),
  };
}
