import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { useQuiet } from './checking';
import { useDraft } from './draft';

interface Expanding {
  /** `yyyymmdd`; yesterday in the migration's zone where none is chosen. */
  bizdate: string | undefined;
  choose: (bizdate: string | undefined) => void;
  at: (path: string) => Schemas['Expanded'] | undefined;
}

const Context = createContext<Expanding>({ bizdate: undefined, choose: () => {}, at: () => undefined });

/** What filters and partitions become, of all of them together, on a business date that may be chosen. */
export function Expansions({ children }: { children: ReactNode }) {
  const project = useProject();
  const { draft } = useDraft();
  const [bizdate, choose] = useState<string>();
  const { method, filter, parameters } = draft;
  const zone = draft.source?.['time-zone'];
  const asked = useQuiet(
    useMemo(
      () => ({
        source: zone === undefined ? undefined : { 'time-zone': zone },
        method,
        filter,
        parameters,
      }),
      [zone, method, filter, parameters],
    ),
    200,
  );
  const preview = useQuery({
    queryKey: ['migrations', project.id, 'expanded', asked, bizdate],
    queryFn: ({ signal }) =>
      call(
        api.POST('/projects/{project}/migrations/preview', {
          params: { path: { project: project.id } },
          body: { document: asked, bizdate: bizdate ?? null, tables: [] },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const value = useMemo(() => {
    const at = (path: string) => preview.data?.expanded.find((one) => one.at === path);
    return { bizdate, choose, at };
  }, [bizdate, preview.data]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useExpansions(): Expanding {
  return useContext(Context);
}
