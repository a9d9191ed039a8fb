import { useQuery } from '@tanstack/react-query';
import { AutoComplete } from 'antd';
import { useDeferredValue } from 'react';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';

const SHOWN = 50;

/** A table of a data source, by `schema.table`; proposes those that it has. */
export function SourceTableInput({
  id,
  source,
  value,
  onChange,
  disabled = false,
}: {
  id: string;
  source: string | undefined;
  value: string;
  onChange: (value: string) => void;
  disabled?: boolean;
}) {
  const project = useProject();
  const mayLook = useMayHere()('use-data-sources');
  const words = useDeferredValue(value.split('.').at(-1)?.trim() ?? '');
  const found = useQuery({
    queryKey: ['metadata', project.id, source, 'named', words],
    enabled: source !== undefined && mayLook && !disabled,
    retry: false,
    staleTime: 60_000,
    queryFn: () =>
      call(
        api.POST('/projects/{project}/data-sources/{source}/metadata/search', {
          params: { path: { project: project.id, source: source ?? '' } },
          body: {
            keywords: words === '' ? [] : [words],
            'any-case': true,
            limit: SHOWN,
            after: null,
            environment: null,
            names: [],
            schemas: [],
          },
        }),
      ),
    placeholderData: (before) => before,
  });
  return (
    <AutoComplete
      id={id}
      style={{ width: '100%' }}
      disabled={disabled}
      value={value}
      onChange={onChange}
      options={found.data?.tables.map(({ schema, table }) => ({ value: `${schema}.${table}` }))}
    />
  );
}
