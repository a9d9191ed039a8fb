import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useOperation } from '@/app/operation';
import { useProject } from '@/app/project';

/** What was done with a migration lately: plans and generations, the newest first. */
export function useOperationsOf(migration: string) {
  const project = useProject();
  return useQuery({
    queryKey: ['operations', project.id, 'of', migration],
    queryFn: () =>
      call(
        api.GET('/projects/{project}/operations', {
          params: { path: { project: project.id }, query: { object: migration, limit: 50 } },
        }),
      ),
  });
}

/** Begins long work on a migration, and follows it; what was done last is shown until something is begun. */
export function useLongWork(migration: string, kind: 'plan' | 'generate') {
  const project = useProject();
  const client = useQueryClient();
  const last = useOperationsOf(migration);
  const [begun, setBegun] = useState<string>();
  const [error, setError] = useState<unknown>(null);
  const [isBeginning, setIsBeginning] = useState(false);
  const id = begun ?? last.data?.items.find((one) => one.kind === kind)?.id;
  const operation = useOperation(id);
  const begin = useCallback(
    async (request: () => Promise<Schemas['Operation']>) => {
      setIsBeginning(true);
      setError(null);
      try {
        const started = await request();
        client.setQueryData(['operations', project.id, started.id], started);
        setBegun(started.id);
      } catch (cause) {
        setError(cause);
      } finally {
        setIsBeginning(false);
      }
    },
    [client, project.id],
  );
  return {
    operation: operation.data,
    isRunning: isBeginning || operation.data?.state === 'running',
    /** Whether it was begun here, and not found. */
    isOwn: begun !== undefined,
    error: error ?? operation.error,
    begin,
  };
}

export type LongWork = ReturnType<typeof useLongWork>;
