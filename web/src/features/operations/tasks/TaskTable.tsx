import { Button, Flex, Select, Table, type TableColumnsType, Tag } from 'antd';
import { useMayHere } from '@/app/project';
import { bizdate } from '@/ui/format';
import { NameButton } from '../common/NameButton';
import { useGroups } from '../common/queries';
import { useOperationTexts } from '../common/texts';
import { PRIORITIES, type Priority, type TaskShown } from '../common/types';
import { usePriority } from './changes';
import { TaskMenu } from './TaskMenu';
import { useTasksTexts } from './texts';

export interface TaskActs {
  onRun: (task: TaskShown) => void;
  onBackfill: (task: TaskShown) => void;
}

export function TaskTable({
  tasks,
  isLoading,
  onOpen,
  ...acts
}: {
  tasks: readonly TaskShown[];
  isLoading: boolean;
  onOpen: (id: string) => void;
} & TaskActs) {
  const say = useTasksTexts();
  const general = useOperationTexts();
  const may = useMayHere();
  const groups = useGroups();
  const columns: TableColumnsType<TaskShown> = [
    {
      key: 'name',
      title: say('name'),
      ellipsis: true,
      render: (_, { id, name, suspended }) => (
        <Flex gap={6} align="center">
          <NameButton name={name} onOpen={() => onOpen(id)} />
          {suspended && <Tag color="warning">{say('suspended')}</Tag>}
        </Flex>
      ),
    },
    {
      key: 'from',
      title: say('from'),
      ellipsis: true,
      width: 130,
      render: (_, task) => <SourceTable task={task} />,
    },
    { key: 'schedule', title: say('schedule'), width: 95, render: (_, task) => <Schedule task={task} /> },
    {
      key: 'priority',
      title: general('priority'),
      width: 122,
      render: (_, task) =>
        may('operate') ? <PrioritySelect task={task} /> : <span>{general(task.priority)}</span>,
    },
    {
      key: 'group',
      title: say('group'),
      width: 132,
      ellipsis: true,
      render: (_, { body }) => {
        const group = body['resource-group'];
        return group ? (groups.data?.get(group)?.name ?? group) : say('projectGroup');
      },
    },
    {
      key: 'upstream',
      title: say('upstreamCount'),
      width: 98,
      align: 'end',
      render: (_, { upstream }) => upstream.length,
    },
    ...(may('operate')
      ? [
          {
            key: 'acts',
            title: '',
            fixed: 'end' as const,
            width: 205,
            render: (_: unknown, task: TaskShown) => (
              <Flex gap={4}>
                <Button
                  size="small"
                  aria-label={say('runOf', { task: task.name })}
                  onClick={() => acts.onRun(task)}
                >
                  {say('run')}
                </Button>
                <Button
                  size="small"
                  aria-label={say('backfillOf', { task: task.name })}
                  onClick={() => acts.onBackfill(task)}
                >
                  {general('backfill')}
                </Button>
                <TaskMenu task={task} />
              </Flex>
            ),
          },
        ]
      : []),
  ];
  return (
    <Table
      aria-label={say('title')}
      rowKey="id"
      size="small"
      sticky
      loading={isLoading}
      locale={isLoading ? { emptyText: ' ' } : undefined}
      columns={columns}
      dataSource={tasks}
      pagination={false}
      scroll={{ x: 1010 }}
    />
  );
}

export function SourceTable({ task }: { task: TaskShown }) {
  const general = useOperationTexts();
  const { runs } = task.body;
  if (runs.kind === 'virtual-node') return <Tag>{general('virtual-node')}</Tag>;
  return `${runs.table.schema}.${runs.table.table}`;
}

export function Schedule({ task }: { task: TaskShown }) {
  const say = useTasksTexts();
  const { hour } = task.body;
  if (hour == null) return say('notScheduled');
  return (
    <span title={say('dailySince', { bizdate: bizdate(task['first-bizdate']) })}>
      {say('daily', { time: `${String(hour).padStart(2, '0')}:00` })}
    </span>
  );
}

export function PrioritySelect({ task }: { task: TaskShown }) {
  const general = useOperationTexts();
  const prioritize = usePriority(task);
  return (
    <Select<Priority>
      size="small"
      aria-label={`${general('priority')}: ${task.name}`}
      value={prioritize.isPending ? prioritize.variables : task.priority}
      loading={prioritize.isPending}
      onChange={(priority) => prioritize.mutate(priority)}
      style={{ width: 110 }}
      options={PRIORITIES.map((one) => ({ value: one, label: general(one) }))}
    />
  );
}
