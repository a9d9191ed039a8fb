import { WarningFilled } from '@ant-design/icons';
import { Alert, Flex, Table, type TableColumnsType, Typography, theme } from 'antd';
import { type ReactNode, useMemo } from 'react';
import type { Schemas } from '@/api/client';
import { Empty } from '@/ui/Empty';
import { FindingList } from '@/ui/Findings';
import { Scrollable } from '../Scrollable';
import { useTrialTexts } from './trialTexts';

type Trial = Schemas['Trial'];
type Rejected = Schemas['TrialRejected'];
type Row = { key: number; values: (string | null)[] };

const WIDTH = 170;

/** What a trial showed: rows, what columns become, what was rejected. */
export function TrialResult({ trial }: { trial: Trial }) {
  const say = useTrialTexts();
  const isBlocked = trial.findings.some(({ severity }) => severity === 'blocker');
  const findings = trial.findings.length > 0 && (
    <Alert
      type={isBlocked ? 'error' : 'info'}
      title={say(isBlocked ? 'refused' : 'findings')}
      description={<FindingList findings={trial.findings} />}
    />
  );
  if (trial.columns.length === 0) return findings;
  return (
    <Flex vertical gap={20}>
      <Part title={say('preview')}>
        <Typography.Text type="secondary">
          {trial.filter ? say('filter') : say('noFilter')}
          {trial.filter && <Typography.Text code>{trial.filter}</Typography.Text>}
          {trial.more && ` · ${say('previewMore')}`}
        </Typography.Text>
        {trial.rows.length === 0 ? (
          <Empty title={say('previewNone')}>{say('previewNoneHint')}</Empty>
        ) : (
          <Scrollable>
            <Rows trial={trial} />
          </Scrollable>
        )}
      </Part>
      <Part title={say('rejected')}>
        {trial.rejected.length === 0 ? (
          <Typography.Text type="secondary">{say('rejectedNone')}</Typography.Text>
        ) : (
          <RejectedRows rejected={trial.rejected} />
        )}
      </Part>
      <Part title={say('columns')}>
        <Columns trial={trial} />
      </Part>
      {findings}
    </Flex>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Flex vertical gap={8}>
        <Typography.Title level={3} style={{ fontSize: 15, margin: 0 }}>
          {title}
        </Typography.Title>
        {children}
      </Flex>
    </section>
  );
}

function Rows({ trial }: { trial: Trial }) {
  const say = useTrialTexts();
  const columns = useMemo(
    (): TableColumnsType<Row> =>
      trial.columns.map((column, index) => ({
        key: column.destination,
        width: WIDTH,
        ellipsis: true,
        title: (
          <div>
            <div title={column.destination}>{column.destination}</div>
            <Typography.Text type="secondary" style={{ fontSize: 12, fontWeight: 'normal' }}>
              {column['destination-type']}
            </Typography.Text>
          </div>
        ),
        render: (_, { values }) => {
          const value = values[index];
          return value == null ? (
            <Typography.Text type="secondary" italic>
              {say('null')}
            </Typography.Text>
          ) : (
            <span title={value}>{value}</span>
          );
        },
      })),
    [trial.columns, say],
  );
  const rows = useMemo(() => trial.rows.map((values, key) => ({ key, values })), [trial.rows]);
  const isLarge = rows.length * columns.length > 600;
  return (
    <Table<Row>
      size="small"
      bordered
      pagination={false}
      columns={columns}
      dataSource={rows}
      virtual={isLarge}
      scroll={{ x: columns.length * WIDTH, y: isLarge ? 420 : rows.length > 10 ? 420 : undefined }}
    />
  );
}

function RejectedRows({ rejected }: { rejected: Rejected[] }) {
  const say = useTrialTexts();
  const columns: TableColumnsType<Rejected> = [
    { title: say('row'), dataIndex: 'row', width: 220 },
    { title: say('column'), dataIndex: 'column', width: 180 },
    {
      title: say('reason'),
      render: (_, { reason, code }) => (
        <>
          {reason} <Typography.Text type="secondary">{code}</Typography.Text>
        </>
      ),
    },
  ];
  return (
    <Table<Rejected>
      size="small"
      rowKey={(one) => `${one.row} ${one.column} ${one.code}`}
      pagination={rejected.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
      columns={columns}
      dataSource={rejected}
    />
  );
}

function Columns({ trial }: { trial: Trial }) {
  const say = useTrialTexts();
  const { token } = theme.useToken();
  const named = (name: string, type: string) => (
    <>
      {name} <Typography.Text type="secondary">{type}</Typography.Text>
    </>
  );
  const columns: TableColumnsType<Trial['columns'][number]> = [
    { title: say('source'), render: (_, one) => named(one.source, one['source-type']) },
    { title: say('destination'), render: (_, one) => named(one.destination, one['destination-type']) },
    {
      title: say('loss'),
      render: (_, { loss }) =>
        loss == null ? (
          <Typography.Text type="secondary">{say('exact')}</Typography.Text>
        ) : (
          <>
            <WarningFilled aria-hidden style={{ color: token.colorWarning }} /> {loss}
          </>
        ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey="destination"
      pagination={trial.columns.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      columns={columns}
      dataSource={trial.columns}
    />
  );
}
