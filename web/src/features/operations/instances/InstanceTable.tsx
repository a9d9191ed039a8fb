import { Flex, Table, type TableColumnsType, Typography } from 'antd';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { bizdate, count, duration, moment, secondsBetween } from '@/ui/format';
import { InstanceStateTags } from '../common/InstanceState';
import { lateness } from '../common/late';
import { usePlace } from '../common/links';
import { useOperationTexts } from '../common/texts';
import { type InstanceLine, isEnded } from '../common/types';
import { Why } from '../common/Why';
import type { Selection } from './search';
import { useInstancesTexts } from './texts';

export function InstanceTable({
  lines,
  isLoading,
  selected,
  onSelect,
}: {
  lines: readonly InstanceLine[];
  isLoading: boolean;
  selected: Selection;
  onSelect?: (selected: Selection) => void;
}) {
  const say = useInstancesTexts();
  const general = useOperationTexts();
  const columns = useColumns();
  const choose = (chosen: readonly InstanceLine[], isChosen: boolean) => {
    const next = new Map(selected);
    for (const line of chosen) isChosen ? next.set(line.id, line) : next.delete(line.id);
    onSelect?.(next);
  };
  return (
    // Not `scroll`: its hidden row to measure by would repeat the box that selects all.
    <div style={{ overflowX: 'auto' }}>
      <Table<InstanceLine>
        aria-label={general('instances')}
        rowKey="id"
        size="small"
        loading={isLoading}
        locale={isLoading ? { emptyText: ' ' } : undefined}
        columns={columns}
        dataSource={lines}
        pagination={false}
        tableLayout="fixed"
        style={{ minWidth: 1000 }}
        rowSelection={
          onSelect && {
            selectedRowKeys: [...selected.keys()],
            preserveSelectedRowKeys: true,
            onSelect: (line, isChosen) => choose([line], isChosen),
            onSelectAll: (isChosen, _, changed) => choose(changed, isChosen),
            getCheckboxProps: (line) => ({
              'aria-label': say('select', { task: line['task-name'], bizdate: bizdate(line.bizdate) }),
            }),
            getTitleCheckboxProps: () => ({ 'aria-label': say('selectAll') }),
          }
        }
      />
    </div>
  );
}

function useColumns(): TableColumnsType<InstanceLine> {
  const say = useInstancesTexts();
  const general = useOperationTexts();
  const place = usePlace();
  const zone = useProject()['time-zone'];
  return [
    {
      key: 'task',
      title: general('task'),
      ellipsis: true,
      render: (_, line) => <Link to={place(`instances/${line.id}`)}>{line['task-name']}</Link>,
    },
    {
      key: 'bizdate',
      title: general('bizdate'),
      width: 112,
      render: (_, line) => bizdate(line.bizdate),
    },
    {
      key: 'state',
      title: general('state'),
      width: 150,
      render: (_, line) => (
        <Flex gap={4} align="center">
          <InstanceStateTags line={line} />
          <Why line={line} />
        </Flex>
      ),
    },
    { key: 'kind', title: general('kind'), width: 95, render: (_, line) => general(line.kind) },
    {
      key: 'since',
      title: general('since'),
      width: 135,
      render: (_, line) => {
        const since = moment(line.since, zone);
        return <span title={since}>{since.slice(0, 16)}</span>;
      },
    },
    { key: 'runtime', title: say('runtime'), width: 120, render: (_, line) => <Runtime line={line} /> },
    { key: 'rows', title: say('rows'), width: 95, align: 'end', render: (_, line) => rowsOf(line) },
    { key: 'attempts', title: general('attempts'), width: 82, align: 'end', dataIndex: 'attempts' },
  ];
}

/** How long it runs, ran, or is overdue. */
function Runtime({ line }: { line: InstanceLine }) {
  const say = useInstancesTexts();
  if (line.state === 'running') return say('runsFor', { duration: duration(secondsBetween(line.since)) });
  const late = lateness(line);
  if (late !== undefined) {
    return <Typography.Text type="warning">{say('late', { duration: duration(late) })}</Typography.Text>;
  }
  const { last } = line;
  if (!isEnded(line.state) || !last?.['ended-at']) return null;
  return (
    <Flex gap={6} align="baseline" title={last.message ?? undefined}>
      {duration(secondsBetween(last['started-at'], last['ended-at']))}
      {last.code && (
        <Typography.Text code ellipsis style={{ fontSize: 12 }}>
          {last.code}
        </Typography.Text>
      )}
    </Flex>
  );
}

/** Rows that were published; those of a failed attempt were not. */
function rowsOf({ last }: InstanceLine): string | null {
  return last?.['rows-written'] == null ? null : count(last['rows-written']);
}
