import { useQuery, useQueryClient } from '@tanstack/react-query';
import { all, api, call, ifMatch, type Schemas } from '@/api/client';
import { type Environment, useProject } from '@/app/project';

export type DataSource = Schemas['DataSourceShown'];
export type Written = Schemas['DataSourceWritten'];
export type Tested = Schemas['Tested'];
export type Finding = Schemas['Finding'];

/** All data sources of the project, by name. */
export function useDataSources() {
  const { id: project } = useProject();
  return useQuery({
    queryKey: ['data-sources', project],
    queryFn: () =>
      all((after) =>
        call(
          api.GET('/projects/{project}/data-sources', {
            params: { path: { project }, query: { after, limit: 500 } },
          }),
        ),
      ),
  });
}

/** Where a data source is used. */
export function useUses(source: string | undefined, staleTime = 30_000) {
  const { id: project } = useProject();
  return useQuery({
    queryKey: ['data-source-uses', project, source],
    enabled: source !== undefined,
    staleTime,
    queryFn: async () => {
      const path = { project, source: source ?? '' };
      return (await call(api.GET('/projects/{project}/data-sources/{source}/uses', { params: { path } })))
        .items;
    },
  });
}

/** What can be done with data sources; each has what it touches read again. */
export function useChanges() {
  const { id: project } = useProject();
  const client = useQueryClient();
  const touched = () => client.invalidateQueries({ queryKey: ['data-sources', project] });
  return {
    create: async (body: Written) => {
      const made = await call(
        api.POST('/projects/{project}/data-sources', { params: { path: { project } }, body }),
      );
      await touched();
      return made;
    },
    edit: async ({ id, edition }: DataSource, body: Written) => {
      const saved = await call(
        api.PUT('/projects/{project}/data-sources/{source}', {
          params: { path: { project, source: id }, header: ifMatch(edition) },
          body,
        }),
      );
      await touched();
      return saved;
    },
    clone: async ({ id }: DataSource, name: string) => {
      const made = await call(
        api.POST('/projects/{project}/data-sources/{source}/clone', {
          params: { path: { project, source: id } },
          body: { name },
        }),
      );
      await touched();
      return made;
    },
    remove: async ({ id, edition }: DataSource) => {
      await call(
        api.DELETE('/projects/{project}/data-sources/{source}', {
          params: { path: { project, source: id }, header: ifMatch(edition) },
        }),
      );
      await touched();
    },
    read: ({ id }: DataSource) =>
      call(
        api.GET('/projects/{project}/data-sources/{source}', { params: { path: { project, source: id } } }),
      ),
    test: ({ id }: DataSource, environment: Environment) =>
      call(
        api.POST('/projects/{project}/data-sources/{source}/test', {
          params: { path: { project, source: id }, query: { environment } },
        }),
      ),
    testDraft: ({ name: _, ...body }: Written, environment: Environment, edits?: string) =>
      call(
        api.POST('/projects/{project}/data-sources/test', {
          params: { path: { project } },
          body: {
            'data-source': { ...body, options: body.options ?? {} },
            environment,
            edits: edits ?? null,
          },
        }),
      ),
  };
}

/** Where a data source leads, in one line. */
export function placeOf({ options }: Pick<DataSource, 'options'>): string {
  const text = (name: string) => (options[name] == null ? undefined : String(options[name]));
  const path = text('path');
  if (path) return path;
  const server = text('socket') ?? [text('host') ?? 'localhost', text('port')].filter(Boolean).join(':');
  return [server, text('database')].filter(Boolean).join(' / ');
}
