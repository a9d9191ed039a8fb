import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { type Operation, useOperation } from '@/app/operation';
import { type Environment, useProject } from '@/app/project';

export type FoundTable = Schemas['FoundTable'];

/** What is looked at: a data source, as it is in an environment. */
export interface Place {
  source: string;
  environment: Environment;
}

/** Which tables are looked for. */
export interface Filters {
  schemas: string[];
  names: string[];
  keywords: string[];
  anyCase: boolean;
}

/** A table as its source describes it. */
export interface NativeTable {
  name: { schema: string; table: string };
  kind: string;
  columns: NativeColumn[];
  primary_key: string[];
  unique_keys: string[][];
  indexes?: { name: string; columns: string[]; unique: boolean }[];
  comment: string | null;
  estimated_rows: number | null;
  estimated_bytes: number | null;
  findings: Schemas['Finding'][];
}

export interface NativeColumn {
  name: string;
  type_text: string;
  nullable: boolean;
  generated?: boolean;
  charset: string | null;
  collation: string | null;
  labels?: string[];
  comment: string | null;
}

/** So many tables are fetched at once. */
const AT_ONCE = 1000;

/** The collections of the project's data sources, the last of each. */
export function useLastCollections() {
  const { id: project } = useProject();
  return useQuery({
    queryKey: ['operations', project, 'collections'],
    queryFn: async () => {
      const params = { path: { project }, query: { limit: 500 } };
      const { items } = await call(api.GET('/projects/{project}/operations', { params }));
      const last = new Map<string, Operation>();
      for (const one of items) if (one.kind === 'collect' && !last.has(one.object)) last.set(one.object, one);
      return last;
    },
    refetchInterval: ({ state }) =>
      [...(state.data?.values() ?? [])].some((one) => one.state === 'running') ? 1000 : 30_000, // somebody else may collect
  });
}

/** The schemas that are known of a data source. */
export function useSchemas({ source, environment }: Place) {
  const { id: project } = useProject();
  return useQuery({
    queryKey: ['schemas', project, source, environment],
    retry: false, // a source that cannot be reached costs a connection's patience each time
    queryFn: async () => {
      const params = { path: { project, source }, query: { environment } };
      return (await call(api.GET('/projects/{project}/data-sources/{source}/schemas', { params }))).items;
    },
  });
}

/** Tables of a data source, page after page. */
export function useTables({ source, environment }: Place, filters: Filters) {
  const { id: project } = useProject();
  return useInfiniteQuery({
    queryKey: ['tables', project, source, environment, filters],
    retry: false,
    initialPageParam: null as Schemas['Table'] | null,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.POST('/projects/{project}/data-sources/{source}/metadata/search', {
          params: { path: { project, source } },
          body: {
            environment,
            schemas: filters.schemas,
            names: filters.names,
            keywords: filters.keywords,
            'any-case': filters.anyCase,
            after: pageParam,
            limit: filters.names.length > 0 ? 10_000 : AT_ONCE,
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next,
    placeholderData: (old, query) => (query?.queryKey[2] === source ? old : undefined),
  });
}

/** One table in full. */
export function useTable({ source, environment }: Place, name: Schemas['Table'] | undefined) {
  const { id: project } = useProject();
  return useQuery({
    queryKey: ['tables', project, source, environment, 'one', name],
    enabled: name !== undefined,
    retry: false,
    queryFn: async () => {
      const query = { environment, schema: name?.schema ?? '', table: name?.table ?? '' };
      const params = { path: { project, source }, query };
      const { table, ...rest } = await call(
        api.GET('/projects/{project}/data-sources/{source}/table', { params }),
      );
      return { ...rest, table: table as NativeTable };
    },
  });
}

/** Collects a data source, and follows the last collection, whoever asked for it. */
export function useCollection({ source, environment }: Place) {
  const { id: project } = useProject();
  const client = useQueryClient();
  const last = useLastCollections().data?.get(source);
  const start = useMutation({
    mutationFn: (schemas: string[]) =>
      call(
        api.POST('/projects/{project}/data-sources/{source}/metadata', {
          params: { path: { project, source } },
          body: { environment, schemas },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['operations', project, 'collections'] }),
  });
  // The one that was asked for here may have ended before it is seen among the last.
  const own = start.data;
  const followed = own && !(last && last['started-at'] > own['started-at']) ? own : last;
  const { data: operation } = useOperation(followed?.id);
  const ended = operation && operation.state !== 'running' ? operation.id : undefined;
  const known = useRef(last?.state === 'running' ? undefined : last?.id);
  useEffect(() => {
    if (ended === undefined || ended === known.current) return;
    known.current = ended;
    void client.invalidateQueries({ queryKey: ['tables', project, source] });
    void client.invalidateQueries({ queryKey: ['schemas', project, source] });
    void client.invalidateQueries({ queryKey: ['operations', project, 'collections'] });
  }, [ended, client, project, source]);
  return { start, operation, own: own?.id };
}
