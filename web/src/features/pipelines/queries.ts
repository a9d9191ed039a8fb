import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { all, api, call, ifMatch, ProblemError, type Schemas } from '@/api/client';
import { type Environment, type Project, useProject } from '@/app/project';
import { useMay, useMe } from '@/app/session';

export type Pipeline = Schemas['PipelineShown'];
export type Folder = Schemas['FolderShown'];
export type Finding = Schemas['Finding'];
export type Task = Schemas['TaskShown'];
export type Version = Schemas['PipelineVersion'];

const LONGEST_PAGE = 500;

export function pipelinesIn(project: Project, folder?: string) {
  return {
    queryKey: ['pipelines', project.id, 'list', folder ?? null],
    queryFn: (): Promise<Pipeline[]> =>
      all((after) =>
        call(
          api.GET('/projects/{project}/pipelines', {
            params: { path: { project: project.id }, query: { folder, after, limit: LONGEST_PAGE } },
          }),
        ),
      ),
  };
}

/** Pipelines of the project by a part of their names; none while nothing is looked for. */
export function useFoundPipelines(containing: string) {
  const project = useProject();
  return useQuery({
    queryKey: ['pipelines', project.id, 'found', containing],
    enabled: containing !== '',
    queryFn: () =>
      call(
        api.GET('/projects/{project}/pipelines', {
          params: { path: { project: project.id }, query: { containing, limit: LONGEST_PAGE } },
        }),
      ),
  });
}

export function useFolders() {
  const project = useProject();
  return useQuery({
    queryKey: ['folders', project.id],
    queryFn: () =>
      all((after) =>
        call(
          api.GET('/projects/{project}/folders', {
            params: { path: { project: project.id }, query: { after, limit: LONGEST_PAGE } },
          }),
        ),
      ),
  });
}

export function readPipeline(project: Project, id: string): Promise<Pipeline> {
  return call(
    api.GET('/projects/{project}/pipelines/{pipeline}', {
      params: { path: { project: project.id, pipeline: id } },
    }),
  );
}

const UNCHANGED: Schemas['Change'] = {
  name: null,
  folder: null,
  document: null,
  script: null,
  description: null,
};

/** Changes a pipeline, unless others changed it since this edition of it. */
export function changePipeline(
  project: Project,
  { id, edition }: Pick<Pipeline, 'id' | 'edition'>,
  changes: Partial<Schemas['Change']>,
): Promise<Pipeline> {
  return call(
    api.PATCH('/projects/{project}/pipelines/{pipeline}', {
      params: { path: { project: project.id, pipeline: id }, header: ifMatch(edition) },
      body: { ...UNCHANGED, ...changes },
    }),
  );
}

export function usePipeline(id: string | undefined) {
  const project = useProject();
  return useQuery({
    queryKey: ['pipelines', project.id, 'one', id],
    enabled: id !== undefined,
    queryFn: () => readPipeline(project, id ?? ''),
  });
}

export function useDataSources() {
  const project = useProject();
  return useQuery({
    queryKey: ['data-sources', project.id, 'all'],
    queryFn: () =>
      all((after) =>
        call(
          api.GET('/projects/{project}/data-sources', {
            params: { path: { project: project.id }, query: { after, limit: LONGEST_PAGE } },
          }),
        ),
      ),
    staleTime: 30_000,
  });
}

export function useVersions(pipeline: string) {
  const project = useProject();
  return useQuery({
    queryKey: ['pipelines', project.id, 'versions', pipeline],
    queryFn: async () =>
      (
        await call(
          api.GET('/projects/{project}/pipelines/{pipeline}/versions', {
            params: { path: { project: project.id, pipeline } },
          }),
        )
      ).items,
  });
}

/** The environments that the project has. */
export function environmentsOf(project: Project): Environment[] {
  return project.mode === 'dev-prod' ? ['development', 'production'] : ['production'];
}

export function readTasks(project: Project, environment: Environment): Promise<Task[]> {
  return all((after) =>
    call(
      api.GET('/projects/{project}/tasks', {
        params: { path: { project: project.id }, query: { environment, after, limit: LONGEST_PAGE } },
      }),
    ),
  );
}

export function useTasks(environment: Environment, enabled = true) {
  const project = useProject();
  return useQuery({
    queryKey: ['tasks', project.id, 'all', environment],
    enabled,
    queryFn: () => readTasks(project, environment),
  });
}

/** The task of a pipeline in an environment; null where it has none. */
export async function readTask(project: Project, id: string, environment: Environment): Promise<Task | null> {
  try {
    return await call(
      api.GET('/projects/{project}/tasks/{task}', {
        params: { path: { project: project.id, task: id }, query: { environment } },
      }),
    );
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 404) return null;
    throw error;
  }
}

export function useTask(id: string, environment: Environment, enabled = true) {
  const project = useProject();
  return useQuery({
    queryKey: ['tasks', project.id, 'one', id, environment],
    enabled,
    queryFn: () => readTask(project, id, environment),
  });
}

/** Says the name of a user. */
export function useNameOf(): (user: string) => string {
  const me = useMe();
  const may = useMay();
  const project = useProject();
  const mayAsk = may('view-project', project.id);
  const people = useQuery({
    queryKey: ['people'],
    enabled: mayAsk,
    queryFn: () =>
      all((after) => call(api.GET('/people', { params: { query: { after, limit: LONGEST_PAGE } } }))),
    staleTime: 60_000,
  });
  return (user) => {
    if (user === me.user.id) return me.user['display-name'] || me.user.name;
    const found = people.data?.find((person) => person.id === user);
    return found ? found['display-name'] || found.name : `…${user.slice(-6)}`;
  };
}

/** Has what changes of pipelines touch read again, but for what is `gone`, by id. */
export function useTouched(): (gone?: readonly string[]) => Promise<void> {
  const client = useQueryClient();
  const project = useProject();
  return useCallback(
    async (gone = []) => {
      const ids = new Set<unknown>(gone);
      await Promise.all(
        ['pipelines', 'folders', 'tasks', 'to-be-published', 'operations'].map((noun) =>
          client.invalidateQueries({
            queryKey: [noun, project.id],
            predicate: ({ queryKey }) => !queryKey.some((part) => ids.has(part)),
          }),
        ),
      );
    },
    [client, project.id],
  );
}
