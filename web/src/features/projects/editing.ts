import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, call, ifMatch, type Schemas } from '@/api/client';
import type { Project } from '@/app/project';

export type ProjectWritten = Schemas['ProjectWritten'];

/** All that is said of a project: an edit says it all, for what it leaves out is taken away. */
export function writtenOf(project: Project): ProjectWritten {
  return {
    name: project.name,
    description: project.description,
    mode: project.mode,
    'time-zone': project['time-zone'],
    'default-group': project['default-group'] ?? null,
    'development-group': project['development-group'] ?? null,
    members: project.members ?? {},
  };
}

/** Has everything that shows projects, or what one may in them, read again. */
export function projectsChanged(client: QueryClient): Promise<unknown> {
  return Promise.all([
    client.invalidateQueries({ queryKey: ['projects'] }),
    client.invalidateQueries({ queryKey: ['me'] }),
  ]);
}

/** Changes a project against the version that was read. */
export function useEditProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ base, changes }: { base: Project; changes: Partial<ProjectWritten> }) =>
      call(
        api.PUT('/projects/{project}', {
          params: { path: { project: base.id }, header: ifMatch(base.edition) },
          body: { ...writtenOf(base), ...changes },
        }),
      ),
    onSuccess: (edited) => {
      client.setQueryData(['projects', edited.id], edited);
      return projectsChanged(client);
    },
  });
}

/** The project as it is now, past all caches. */
export async function reread(client: QueryClient, id: string): Promise<Project> {
  return client.fetchQuery({
    queryKey: ['projects', id],
    queryFn: () => call(api.GET('/projects/{project}', { params: { path: { project: id } } })),
    staleTime: 0,
  });
}
