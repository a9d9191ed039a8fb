import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import type { TableId } from './reference';

export interface SourceColumn {
  name: string;
  type_text: string;
  nullable: boolean;
  charset?: string | null;
  comment?: string | null;
}

/** A table of the source in full, in the words of its own system. */
export interface SourceTable {
  columns: SourceColumn[];
  primary_key: string[];
  unique_keys: string[][];
  comment?: string | null;
}

function isTable(value: unknown): value is SourceTable {
  return typeof value === 'object' && value !== null && 'columns' in value && Array.isArray(value.columns);
}

/** A table's columns and keys: as they were collected, else as the source says now. */
export function useTableDetail(source: string | undefined, id: TableId | undefined) {
  const project = useProject();
  const { schema = '', table = '' } = id ?? {};
  return useQuery({
    queryKey: ['metadata', project.id, source, 'table', schema, table],
    enabled: source !== undefined && id !== undefined,
    staleTime: 5 * 60_000,
    queryFn: async () => {
      const detail = await call(
        api.GET('/projects/{project}/data-sources/{source}/table', {
          params: { path: { project: project.id, source: source ?? '' }, query: { schema, table } },
        }),
      );
      return isTable(detail.table) ? detail.table : { columns: [], primary_key: [], unique_keys: [] };
    },
  });
}
