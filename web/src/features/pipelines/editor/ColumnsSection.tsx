import { KeyOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { AutoComplete, Checkbox, Flex, Input, Table, type TableColumnsType, Typography } from 'antd';
import { useMemo, useState } from 'react';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { useDataSources } from '../queries';
import { Scrollable } from '../Scrollable';
import { at, exceptionEdits, exceptionOf, isMap, tableOf, textAt } from '../script';
import { Section, useForm } from './Field';
import { useFormTexts } from './formTexts';

interface Column {
  name: string;
  type: string;
  isKey: boolean;
}

interface ColumnChoice {
  as?: string;
  charset?: string;
  skip?: boolean;
}

const TYPES = ['text', 'boolean', 'bigint', 'double', 'decimal(38,10)', 'date', 'timestamp', 'bytes'];
const CHARSETS = [
  'utf-8',
  'gbk',
  'gb18030',
  'big5',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'latin1',
  'windows-1252',
];
const MANY = 100;

/** The columns of the table that the document names, as they were collected last. */
export function useColumns() {
  const project = useProject();
  const mayLook = useMayHere()('use-data-sources');
  const { migration } = useForm();
  const sources = useDataSources();
  const source = sources.data?.find(({ name }) => name === textAt(migration, ['source', 'data-source']));
  const table = tableOf(migration);
  const isTold = source !== undefined && table !== null && table.schema !== '' && table.table !== '';
  const columns = useQuery({
    queryKey: ['metadata', project.id, source?.id, 'table', table?.schema, table?.table],
    enabled: isTold && mayLook,
    retry: false,
    staleTime: 60_000,
    queryFn: async (): Promise<Column[]> => {
      const found = await call(
        api.GET('/projects/{project}/data-sources/{source}/table', {
          params: {
            path: { project: project.id, source: source?.id ?? '' },
            query: { schema: table?.schema ?? '', table: table?.table ?? '' },
          },
        }),
      );
      const listed = at(found.table, ['columns']);
      const key = at(found.table, ['primary_key']);
      return (Array.isArray(listed) ? listed : []).map((one) => ({
        name: textAt(one, ['name']),
        type: textAt(one, ['type_text']),
        isKey: Array.isArray(key) && key.includes(textAt(one, ['name'])),
      }));
    },
  });
  return { isTold, columns };
}

/** Which columns are moved, and as what they are read. */
export function ColumnsSection() {
  const say = useFormTexts();
  const { migration, edit, mayEdit } = useForm();
  const { isTold, columns } = useColumns();
  const [search, setSearch] = useState('');
  const chosen = exceptionOf(migration).value.columns;
  const choices = isMap(chosen) ? (chosen as Record<string, ColumnChoice>) : {};
  const all = useMemo(() => {
    const known = columns.data ?? [];
    const names = new Set(known.map(({ name }) => name));
    // What is chosen of columns that are not there any more is shown, too: the service refuses it.
    const others = Object.keys(isMap(chosen) ? chosen : {}).filter((name) => !names.has(name));
    return [...known, ...others.map((name) => ({ name, type: '', isKey: false }))];
  }, [columns.data, chosen]);
  const change = (name: string, changes: ColumnChoice) => {
    const next = Object.fromEntries(
      Object.entries({ ...choices[name], ...changes }).filter(
        ([, value]) => value !== undefined && value !== '',
      ),
    );
    const { [name]: _, ...others } = choices;
    edit(
      exceptionEdits(migration, {
        columns: Object.keys(next).length > 0 ? { ...others, [name]: next } : others,
      }),
    );
  };
  const rows = all.filter(({ name }) => name.toLowerCase().includes(search.trim().toLowerCase()));
  const isSkipped = (name: string) => choices[name]?.skip === true;
  const shape: TableColumnsType<Column> = [
    {
      title: say('move'),
      width: 70,
      render: (_, { name }) => (
        <Checkbox
          aria-label={say('moveOf', { name })}
          disabled={!mayEdit}
          checked={!isSkipped(name)}
          onChange={(event) => change(name, { skip: event.target.checked ? undefined : true })}
        />
      ),
    },
    {
      title: say('column'),
      dataIndex: 'name',
      ellipsis: true,
      render: (name: string, { isKey }) => (
        <Typography.Text delete={isSkipped(name)} title={name}>
          {name} {isKey && <KeyOutlined aria-label={say('key')} title={say('key')} />}
        </Typography.Text>
      ),
    },
    {
      title: say('type'),
      dataIndex: 'type',
      ellipsis: true,
      render: (type: string) => <Typography.Text type="secondary">{type || '—'}</Typography.Text>,
    },
    {
      title: say('as'),
      width: 190,
      render: (_, { name }) => (
        <AutoComplete
          aria-label={say('asOf', { name })}
          size="small"
          style={{ width: '100%' }}
          disabled={!mayEdit || isSkipped(name)}
          placeholder={say('asStill')}
          value={choices[name]?.as ?? ''}
          onChange={(as) => change(name, { as: as || undefined })}
          options={TYPES.map((value) => ({ value }))}
        />
      ),
    },
    {
      title: say('charset'),
      width: 170,
      render: (_, { name }) => (
        <AutoComplete
          aria-label={say('charsetOf', { name })}
          size="small"
          style={{ width: '100%' }}
          disabled={!mayEdit || isSkipped(name)}
          placeholder={say('charsetStill')}
          value={choices[name]?.charset ?? ''}
          onChange={(charset) => change(name, { charset: charset || undefined })}
          options={CHARSETS.map((value) => ({ value }))}
        />
      ),
    },
  ];
  return (
    <Section title={say('columns')}>
      <Flex vertical gap={8} style={{ gridColumn: '1 / -1', minWidth: 0 }}>
        {!isTold && all.length === 0 ? (
          <Typography.Text type="secondary">{say('columnsChoose')}</Typography.Text>
        ) : (
          <>
            <Problem error={columns.error} />
            {all.length === 0 && !columns.isFetching ? (
              columns.error === null && (
                <Typography.Text type="secondary">{say('columnsNone')}</Typography.Text>
              )
            ) : (
              <>
                <Flex justify="space-between" align="center" gap={12}>
                  <Typography.Text type="secondary">
                    {say('columnsCount', {
                      taken: all.filter(({ name }) => !isSkipped(name)).length,
                      count: all.length,
                    })}
                  </Typography.Text>
                  {all.length > 10 && (
                    <Input.Search
                      allowClear
                      size="small"
                      style={{ width: 220 }}
                      aria-label={say('columnsSearch')}
                      placeholder={say('columnsSearch')}
                      value={search}
                      onChange={(event) => setSearch(event.target.value)}
                    />
                  )}
                </Flex>
                <Scrollable>
                  <Table<Column>
                    size="small"
                    rowKey="name"
                    loading={columns.isFetching && all.length === 0}
                    pagination={false}
                    dataSource={rows}
                    columns={shape}
                    virtual={rows.length > MANY}
                    scroll={
                      rows.length > MANY ? { y: 420, x: 760 } : rows.length > 12 ? { y: 420 } : undefined
                    }
                  />
                </Scrollable>
              </>
            )}
          </>
        )}
      </Flex>
    </Section>
  );
}
