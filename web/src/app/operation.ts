import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';

export type Operation = Schemas['Operation'];

/**
 * Follows long work (collecting, planning, generating, publishing) until it ends. Read again each half second
 * while it runs, and at once when the project's events tell of it.
 */
export function useOperation(id: string | null | undefined) {
  const project = useProject();
  return useQuery({
    queryKey: ['operations', project.id, id],
    enabled: id != null,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/operations/{operation}', {
          params: { path: { project: project.id, operation: id ?? '' } },
        }),
      ),
    // Once it has ended, it stays as it is; a plan's result may be large.
    staleTime: (query) => (query.state.data?.state === 'running' ? 0 : Number.POSITIVE_INFINITY),
    refetchInterval: (query) => (query.state.data?.state === 'running' ? 500 : false),
  });
}

/** What each kind of event may have changed, by the first words of queries' keys. */
const CONCERNED: Record<string, readonly string[]> = {
  instance: ['instances', 'dashboard', 'backfills'],
  operation: ['operations'],
  object: ['migrations', 'pipelines', 'folders', 'data-sources', 'alerts'],
  task: ['tasks'],
  calendar: ['instances', 'dashboard', 'tasks'],
};

/** Many things happen at once at night: one reading answers for all of them. */
const GATHERED_MILLIS = 1_000;

/**
 * Follows the project's events while a page is open, and has what they are about read again, as far as its queries'
 * keys begin with one of `keys`. Ends with the page.
 */
export function useProjectEvents(keys: readonly string[]): void {
  const project = useProject();
  const client = useQueryClient();
  const joined = keys.join(' ');
  useEffect(() => {
    const wanted = new Set(joined.split(' '));
    const stream = new EventSource(`/api/v1/projects/${project.id}/events`);
    const changed = new Set<string>();
    let due: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      due = undefined;
      for (const key of changed) void client.invalidateQueries({ queryKey: [key, project.id] });
      changed.clear();
    };
    for (const [kind, concerned] of Object.entries(CONCERNED)) {
      stream.addEventListener(kind, () => {
        for (const key of concerned) if (wanted.has(key)) changed.add(key);
        if (changed.size > 0) due ??= setTimeout(tell, GATHERED_MILLIS);
      });
    }
    // What happened before the stream was open, at first or after a break, is seen by reading.
    stream.addEventListener('open', () => {
      for (const key of wanted) changed.add(key);
      due ??= setTimeout(tell, GATHERED_MILLIS);
    });
    return () => {
      stream.close();
      clearTimeout(due);
    };
  }, [project.id, client, joined]);
}
