import { CheckCircleFilled, CloseCircleFilled } from '@ant-design/icons';
import { Alert, Descriptions, Flex, Table, type TableColumnsType, Typography, theme } from 'antd';
import type { ReactNode } from 'react';
import { Empty } from '@/ui/Empty';
import { count } from '@/ui/format';
import type { ColumnProof, TableReport } from '../common/report';
import type { Attempt } from '../common/types';
import { useInstanceTexts } from './texts';

/** So many columns are on one page. */
const MOST_COLUMNS = 100;

/** What was proven of the table before anybody could see it. */
export function Proof({ attempt, report }: { attempt: Attempt | undefined; report: TableReport | null }) {
  const say = useInstanceTexts();
  if (attempt === undefined) return <Empty title={say('noAttempt')}>{say('noAttemptMore')}</Empty>;
  if (report === null) return <Empty title={say('noReport')} />;
  const isProven = report.state === 'succeeded';
  return (
    <Flex vertical gap={16}>
      <Flex gap={8} align="center">
        <Mark isGood={isProven} />
        <Typography.Text strong>{say(isProven ? 'provenTitle' : 'unprovenTitle')}</Typography.Text>
      </Flex>
      {report.resumed && <Alert type="info" showIcon title={say('resumed')} />}
      <Summary attempt={attempt} report={report} />
      {report.notices && report.notices.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={say('notices')}
          description={
            <ul style={{ margin: 0, paddingInlineStart: 20 }}>
              {report.notices.map(({ column, code, reason, rows }) => (
                <li key={`${column} ${code}`}>
                  <Typography.Text code>{column}</Typography.Text> {say('noticeRows', { rows: count(rows) })}:{' '}
                  {reason} <Typography.Text type="secondary">{code}</Typography.Text>
                </li>
              ))}
            </ul>
          }
        />
      )}
      {report.checksums && <Columns columns={report.checksums.columns} />}
    </Flex>
  );
}

function Mark({ isGood }: { isGood: boolean }) {
  const { token } = theme.useToken();
  return isGood ? (
    <CheckCircleFilled aria-hidden style={{ color: token.colorSuccess, fontSize: 18 }} />
  ) : (
    <CloseCircleFilled aria-hidden style={{ color: token.colorError, fontSize: 18 }} />
  );
}

function Summary({ attempt, report }: { attempt: Attempt; report: TableReport }) {
  const say = useInstanceTexts();
  const { rows_read: read, rows_written: written, rows_rejected: rejected, rows_filtered: filtered } = report;
  const adds = read === written + rejected + filtered;
  const balance = {
    read: count(read),
    written: count(written),
    rejected: count(rejected),
    filtered: count(filtered),
  };
  const { checksums } = report;
  const items: { key: string; label: string; children: ReactNode }[] = [
    {
      key: 'table',
      label: say('table'),
      children: `${report.source} → ${report.destination ?? '—'}`,
    },
    {
      key: 'balance',
      label: say('balance'),
      children: (
        <Flex gap={8} align="center">
          <Mark isGood={adds} /> {say(adds ? 'balanceIs' : 'balanceIsNot', balance)}
        </Flex>
      ),
    },
    { key: 'verified', label: say('verified'), children: say(`verified-${report.verified}`) },
    ...(checksums
      ? [
          {
            key: 'columns',
            label: say('columns'),
            children: say('columnsProven', {
              all: checksums.columns.length,
              compared: checksums.columns.filter(({ sum }) => sum !== null).length,
              agreed: checksums.columns.filter(({ source }) => source !== undefined).length,
            }),
          },
          { key: 'row-sum', label: say('rowSum'), children: <Hex value={checksums.row_sum} /> },
        ]
      : []),
    {
      key: 'snapshot',
      label: say('snapshot'),
      children: report.snapshot ? <Hex value={report.snapshot} /> : say('noSnapshot'),
    },
    ...(attempt.run ? [{ key: 'run', label: say('load'), children: <Hex value={attempt.run} /> }] : []),
  ];
  return <Descriptions size="small" column={1} bordered items={items} styles={{ label: { width: 220 } }} />;
}

function Hex({ value }: { value: string }) {
  return (
    <Typography.Text code copyable={window.isSecureContext} style={{ overflowWrap: 'anywhere' }}>
      {value}
    </Typography.Text>
  );
}

function Columns({ columns }: { columns: readonly ColumnProof[] }) {
  const say = useInstanceTexts();
  const shown: TableColumnsType<ColumnProof> = [
    { key: 'name', dataIndex: 'name', title: say('column'), width: 160, ellipsis: true },
    {
      key: 'sum',
      title: say('sum'),
      width: 300,
      render: (_, { sum }) =>
        sum === null ? '—' : <Typography.Text style={{ fontFamily: 'monospace' }}>{sum}</Typography.Text>,
    },
    {
      key: 'non-null',
      title: say('notNull'),
      align: 'end',
      width: 120,
      render: (_, { source }) => (source ? count(source.non_null) : '—'),
    },
    ...(['min', 'max', 'sum'] as const).map((which) => ({
      key: `range-${which}`,
      title: say(({ min: 'smallest', max: 'largest', sum: 'total' } as const)[which]),
      align: 'end' as const,
      width: 190,
      render: (_: unknown, { source }: ColumnProof) => source?.range?.[which] || '—',
    })),
    {
      key: 'remark',
      title: say('remark'),
      width: 240,
      render: (_, column) => column.not_comparable ?? column.source_unproven ?? '',
    },
  ];
  return (
    <Flex vertical gap={4}>
      <section
        aria-label={say('proof')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
        tabIndex={0}
        style={{ overflowX: 'auto' }}
      >
        <Table
          rowKey="name"
          size="small"
          tableLayout="fixed"
          style={{ minWidth: 1360 }}
          columns={shown}
          dataSource={[...columns]}
          pagination={columns.length > MOST_COLUMNS && { pageSize: MOST_COLUMNS, showSizeChanger: false }}
        />
      </section>
      <Typography.Text type="secondary">{say('rangeHint')}</Typography.Text>
    </Flex>
  );
}
