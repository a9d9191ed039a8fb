import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import type { Draft } from './draft';

const NONE: readonly Schemas['Finding'][] = [];

/** A value once it has not changed for a while. */
export function useQuiet<T>(value: T, milliseconds: number): T {
  const [quiet, setQuiet] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return quiet;
}

/** What the service says of the draft, saved or not; asked again when the draft has been quiet for a moment. */
export function useChecked(id: string, name: string, draft: Draft, version: number) {
  const project = useProject();
  const quiet = useQuiet(version, 400);
  const checked = useQuery({
    queryKey: ['migrations', project.id, id, 'check', name, quiet],
    queryFn: ({ signal }) =>
      call(
        api.POST('/projects/{project}/migrations/check', {
          params: { path: { project: project.id } },
          body: { document: { name, ...draft } },
          signal,
        }),
      ),
    enabled: quiet === version,
    placeholderData: keepPreviousData,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return {
    findings: checked.data?.findings ?? NONE,
    isCurrent: quiet === version && checked.isSuccess && !checked.isPlaceholderData,
    error: checked.error,
    again: checked.refetch,
  };
}
