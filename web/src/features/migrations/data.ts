import { useQuery } from '@tanstack/react-query';
import { all, api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import type { Draft } from '@/features/wizard/draft';

export type Migration = Schemas['MigrationShown'];

/** All migrations of the project, by name. */
export function useMigrations() {
  const project = useProject();
  return useQuery({
    queryKey: ['migrations', project.id, 'list'],
    queryFn: () =>
      all((after) =>
        call(
          api.GET('/projects/{project}/migrations', {
            params: { path: { project: project.id }, query: { after, limit: 100 } },
          }),
        ),
      ),
  });
}

/** The last generation of each migration, of those that were made lately. */
export function useGenerations() {
  const project = useProject();
  return useQuery({
    queryKey: ['operations', project.id, 'generations'],
    queryFn: async () => {
      const { items } = await call(
        api.GET('/projects/{project}/operations', {
          params: { path: { project: project.id }, query: { limit: 500 } },
        }),
      );
      const last = new Map<string, Schemas['Operation']>();
      // The newest stand first.
      for (const one of items) {
        if (one.kind === 'generate' && !last.has(one.object)) last.set(one.object, one);
      }
      return last;
    },
    structuralSharing: false,
    refetchInterval: ({ state }) =>
      [...(state.data?.values() ?? [])].some((one) => one.state === 'running') ? 1500 : false,
  });
}

export function documentOf(migration: Migration): Draft {
  return (migration.document ?? {}) as Draft;
}
