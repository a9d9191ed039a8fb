import { DownloadOutlined } from '@ant-design/icons';
import { Button, Flex, Table, type TableColumnsType, Typography } from 'antd';
import { useMemo, useState } from 'react';
import { useMayHere, useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { count } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { type RejectedRow, rejectedFile, save, useRejected } from './rejected';
import { useInstanceTexts } from './texts';

const HEIGHT = 420;

/** The rows that an attempt kept aside, each with its reason. */
export function RejectedRows({
  instance,
  attempt,
  rejected,
}: {
  instance: number;
  attempt: number | undefined;
  rejected: number;
}) {
  const say = useInstanceTexts();
  const maySee = useMayHere()('see-rejected-rows');
  const pages = useRejected(instance, attempt, maySee && rejected > 0);
  const rows = useMemo(() => pages.data?.pages.flatMap(({ items }) => items) ?? [], [pages.data]);
  if (attempt === undefined) return <Empty title={say('noAttempt')}>{say('noAttemptMore')}</Empty>;
  if (rejected === 0) return <Empty title={say('noRejected')}>{say('noRejectedMore')}</Empty>;
  if (!maySee) {
    return <Empty title={say('mayNotSee')}>{say('mayNotSeeMore', { rows: count(rejected) })}</Empty>;
  }
  if (pages.isError) return <Problem error={pages.error} />;
  if (pages.isPending) return <Waiting />;
  const kept = pages.data.pages[0]?.kept ?? rejected;
  return (
    <Flex vertical gap={8}>
      <Flex justify="space-between" align="center" gap={8} wrap>
        <Typography.Text type="secondary">
          {say('shown', { shown: count(rows.length), all: count(kept) })}
          {kept < rejected && ` · ${say('rowsRejected')}: ${count(rejected)}`}
        </Typography.Text>
        <Downloads instance={instance} attempt={attempt} />
      </Flex>
      <RowTable
        rows={rows}
        isLoading={pages.isFetchingNextPage}
        onEnd={() => pages.hasNextPage && !pages.isFetching && void pages.fetchNextPage()}
      />
    </Flex>
  );
}

function RowTable({
  rows,
  isLoading,
  onEnd,
}: {
  rows: readonly RejectedRow[];
  isLoading: boolean;
  onEnd: () => void;
}) {
  const say = useInstanceTexts();
  const columns: TableColumnsType<RejectedRow> = [
    { key: 'row', dataIndex: 'row', title: say('row'), width: 200, ellipsis: true },
    { key: 'column', dataIndex: 'column', title: say('column'), width: 180, ellipsis: true },
    {
      key: 'value',
      title: say('value'),
      width: 240,
      ellipsis: true,
      render: (_, { value, 'bytes-hex': hex }) => (
        <Typography.Text style={{ fontFamily: 'monospace' }}>{value ?? `0x${hex}`}</Typography.Text>
      ),
    },
    {
      key: 'code',
      title: say('code'),
      width: 220,
      render: (_, { code }) => <Typography.Text code>{code}</Typography.Text>,
    },
    { key: 'reason', dataIndex: 'reason', title: say('reason'), width: 320, ellipsis: true },
  ];
  return (
    <Table
      virtual
      aria-label={say('rejected')}
      size="small"
      rowKey={({ row, column, code }) => `${row} ${column} ${code}`}
      columns={columns}
      dataSource={[...rows]}
      pagination={false}
      loading={isLoading}
      scroll={{ x: 1160, y: HEIGHT }}
      onScroll={({ currentTarget: { scrollTop, scrollHeight } }) => {
        if (scrollHeight - scrollTop < HEIGHT * 2) onEnd();
      }}
    />
  );
}

function Downloads({ instance, attempt }: { instance: number; attempt: number }) {
  const say = useInstanceTexts();
  const project = useProject();
  const [busy, setBusy] = useState<'csv' | 'jsonl' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const download = async (format: 'csv' | 'jsonl') => {
    setBusy(format);
    setError(null);
    try {
      save(
        await rejectedFile(project.id, instance, attempt, format),
        `rejected-${instance}-${attempt}.${format}`,
      );
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(null);
    }
  };
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} align="center" role="group" aria-label={say('download')}>
        <Typography.Text type="secondary">{say('download')}:</Typography.Text>
        {(['csv', 'jsonl'] as const).map((format) => (
          <Button
            key={format}
            size="small"
            icon={<DownloadOutlined />}
            loading={busy === format}
            disabled={busy !== null && busy !== format}
            onClick={() => void download(format)}
          >
            {say(format)}
          </Button>
        ))}
      </Flex>
      <Problem error={error} />
    </Flex>
  );
}
