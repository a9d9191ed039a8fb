import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { keyOf, type Place } from './reference';
import { type FoundTable, mayMove, type Row } from './selection';

/** What is read at once takes the page no time to speak of; a source that is asked itself lists all each time. */
const AT_ONCE = { collected: 2_500, live: 10_000 };
/** So many tables are listed; advanced search finds the others. */
const MOST = 50_000;

export interface SourceTables {
  rows: readonly Row[];
  byKey: ReadonlyMap<string, Row>;
  /** Whether there are more than are listed. */
  isCut: boolean;
  /** When they were collected; nothing where the source was asked itself. */
  collectedAt: number | null;
}

const NONE: SourceTables = { rows: [], byKey: new Map(), isCut: false, collectedAt: null };

/** Schemas that are looked into: the migration's, else the data source's own. */
export function schemasOf(place: Place): string[] {
  if (place.schemas.length > 0) return [...place.schemas];
  return place.usual === undefined ? [] : [place.usual];
}

export function rowOf(found: FoundTable): Row {
  return { ...found, key: keyOf(found) };
}

/** One request of a search, and where it goes on. */
export function useSearchTables(source: string) {
  const project = useProject();
  return useCallback(
    (body: Schemas['Search']) =>
      call(
        api.POST('/projects/{project}/data-sources/{source}/metadata/search', {
          params: { path: { project: project.id, source } },
          body,
        }),
      ),
    [project.id, source],
  );
}

/** The tables of the data source in the schemas in question; none for whoever may not look into data sources. */
export function useSourceTables(source: Schemas['DataSourceShown'] | undefined, place: Place) {
  const project = useProject();
  const id = source?.id ?? '';
  const search = useSearchTables(id);
  const schemas = schemasOf(place);
  const mayLook = useMayHere()('use-data-sources');
  const query = useQuery({
    queryKey: ['metadata', project.id, id, 'tables', schemas, source?.edition],
    enabled: source !== undefined && mayLook,
    staleTime: 5 * 60_000,
    structuralSharing: false,
    queryFn: async (): Promise<SourceTables> => {
      const rows: Row[] = [];
      let found: Schemas['Found'] | undefined;
      do {
        found = await search({
          ...DEFAULTS,
          schemas,
          limit: AT_ONCE[found && found['collected-at'] === null ? 'live' : 'collected'],
          after: found?.next ?? null,
        });
        for (const table of found.tables) if (mayMove(table)) rows.push(rowOf(table));
      } while (found.next && rows.length < MOST);
      return {
        rows,
        byKey: new Map(rows.map((row) => [row.key, row])),
        isCut: found.next != null,
        collectedAt: found['collected-at'],
      };
    },
  });
  return useMemo(
    () => ({
      ...(query.data ?? NONE),
      isPending: query.isPending,
      error: query.error,
      refetch: query.refetch,
    }),
    [query.data, query.isPending, query.error, query.refetch],
  );
}

export const DEFAULTS: Schemas['Search'] = {
  environment: null,
  after: null,
  limit: null,
  schemas: [],
  names: [],
  keywords: [],
  'any-case': false,
};

/** Has everything read again that is known of a data source. */
export function useForgetMetadata() {
  const project = useProject();
  const client = useQueryClient();
  return useCallback(
    () => client.invalidateQueries({ queryKey: ['metadata', project.id] }),
    [client, project.id],
  );
}
