import { KeyOutlined } from '@ant-design/icons';
import { Descriptions, Drawer, Flex, Input, Table, type TableProps, Tag, Typography } from 'antd';
import { type ReactNode, useMemo, useState } from 'react';
import type { Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { FindingList } from '@/ui/Findings';
import { bytes, count, moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { type NativeColumn, type NativeTable, type Place, useTable } from './data';
import { useKind, useTexts } from './texts';

/** One table in full: columns, keys, comments, estimates. */
export function TableDrawer({
  place,
  name,
  onClose,
}: {
  place: Place;
  name: Schemas['Table'] | undefined;
  onClose: () => void;
}) {
  const table = useTable(place, name);
  const title = name ? (
    <Typography.Text strong copyable={{ text: `${name.schema}.${name.table}` }} style={{ fontSize: 16 }}>
      {name.schema}.{name.table}
    </Typography.Text>
  ) : null;
  return (
    <Drawer open={name !== undefined} title={title} size={920} onClose={onClose} destroyOnHidden>
      {name && table.isPending && <Waiting />}
      {name && <Problem error={table.error} />}
      {name && table.data && <Detail table={table.data.table} collectedAt={table.data['collected-at']} />}
    </Drawer>
  );
}

function Detail({ table, collectedAt }: { table: NativeTable; collectedAt: number | null }) {
  const say = useTexts();
  const kind = useKind();
  const project = useProject();
  const collected =
    collectedAt === null ? say('live') : moment(new Date(collectedAt).toISOString(), project['time-zone']);
  const keys = (columns: readonly string[]) => <code>{columns.join(', ')}</code>;
  const list = (items: ReactNode[]) => (items.length === 0 ? say('none') : <Flex vertical>{items}</Flex>);
  const facts = [
    { key: 'kind', label: say('kind'), children: kind(table.kind) },
    {
      key: 'rows',
      label: say('rows'),
      children: table.estimated_rows === null ? say('unknown') : count(table.estimated_rows),
    },
    {
      key: 'size',
      label: say('size'),
      children: table.estimated_bytes === null ? say('unknown') : bytes(table.estimated_bytes),
    },
    {
      key: 'pk',
      label: say('primaryKey'),
      span: 'filled' as const,
      children: table.primary_key.length > 0 ? keys(table.primary_key) : say('noPrimaryKey'),
    },
    {
      key: 'uk',
      label: say('uniqueKeys'),
      span: 'filled' as const,
      children: list(table.unique_keys.map((key) => <span key={key.join()}>{keys(key)}</span>)),
    },
    {
      key: 'ix',
      label: say('indexes'),
      span: 'filled' as const,
      children: list(
        (table.indexes ?? []).map((index) => (
          <span key={index.name} style={{ overflowWrap: 'anywhere' }}>
            {index.name} ({keys(index.columns)}) {index.unique && <Tag>{say('unique')}</Tag>}
          </span>
        )),
      ),
    },
  ];
  return (
    <Flex vertical gap={16}>
      {table.comment && <Typography.Text>{table.comment}</Typography.Text>}
      <Descriptions size="small" bordered column={3} items={facts} />
      {table.findings.length > 0 && (
        <div>
          <Typography.Title level={3} style={{ fontSize: 14 }}>
            {say('findings')}
          </Typography.Title>
          <FindingList findings={table.findings} />
        </div>
      )}
      <Columns table={table} />
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {collectedAt === null ? collected : say('collectedAt', { at: collected })}
      </Typography.Text>
    </Flex>
  );
}

type Numbered = NativeColumn & { number: number };

function Columns({ table }: { table: NativeTable }) {
  const say = useTexts();
  const [sought, setSought] = useState('');
  const numbered = useMemo(
    () => table.columns.map((column, index): Numbered => ({ ...column, number: index + 1 })),
    [table.columns],
  );
  const shown = numbered.filter((one) => one.name.toLowerCase().includes(sought.trim().toLowerCase()));
  const isLong = numbered.length > 100;
  const columns: TableProps<Numbered>['columns'] = [
    { title: say('number'), dataIndex: 'number', width: 64, align: 'right' },
    {
      title: say('column'),
      key: 'name',
      width: 200,
      render: (_, one) => <ColumnName column={one} part={table.primary_key.indexOf(one.name) + 1} />,
    },
    {
      title: say('columnType'),
      key: 'type',
      width: 190,
      render: (_, one) => <code style={{ overflowWrap: 'anywhere' }}>{one.type_text}</code>,
    },
    {
      title: say('nullable'),
      key: 'nullable',
      width: 72,
      render: (_, one) => say(one.nullable ? 'may' : 'mayNot'),
    },
    { title: say('comment'), dataIndex: 'comment', width: 180 },
    { title: say('details'), key: 'details', width: 160, render: (_, one) => <More column={one} /> },
  ];
  return (
    <div>
      <Flex justify="space-between" align="center" gap={12} style={{ marginBlockEnd: 8 }}>
        <Typography.Title level={3} style={{ margin: 0, fontSize: 14 }}>
          {say('columns')} ({count(table.columns.length)})
        </Typography.Title>
        {numbered.length > 12 && (
          <Input
            allowClear
            aria-label={say('findColumn')}
            placeholder={say('findColumn')}
            style={{ width: 220 }}
            value={sought}
            onChange={(event) => setSought(event.target.value)}
          />
        )}
      </Flex>
      <Table<Numbered>
        size="small"
        rowKey="number"
        columns={columns}
        dataSource={shown}
        pagination={false}
        virtual={isLong}
        scroll={isLong ? { x: 866, y: 480 } : { x: 'max-content' }}
      />
    </div>
  );
}

function ColumnName({ column, part }: { column: NativeColumn; part: number }) {
  const say = useTexts();
  const label = say('keyPart', { number: part });
  return (
    <span style={{ overflowWrap: 'anywhere' }}>
      {column.name} {part > 0 && <KeyOutlined aria-label={label} title={label} />}
    </span>
  );
}

/** What few columns have. */
function More({ column }: { column: NativeColumn }) {
  const say = useTexts();
  const charset = [column.charset, column.collation].filter(Boolean).join(' / ');
  return (
    <Flex vertical style={{ fontSize: 12 }}>
      {column.generated && <span>{say('generated')}</span>}
      {charset && <span>{charset}</span>}
      {column.labels && column.labels.length > 0 && (
        <span style={{ overflowWrap: 'anywhere' }}>{column.labels.join(', ')}</span>
      )}
    </Flex>
  );
}
