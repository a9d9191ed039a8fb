import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Flex, Table, type TableColumnsType } from 'antd';
import { api, call } from '@/api/client';
import { type Operation, useOperation } from '@/app/operation';
import { useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { duration, moment, secondsBetween } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { ExpandButton } from '../ExpandButton';
import { Mark } from '../Mark';
import { Ended, OperationProgress } from '../OperationProgress';
import { useNameOf } from '../queries';
import { useTexts } from './texts';

/** Submissions and publications, the newest first; each opens to what became of its pipelines. */
export function History() {
  const say = useTexts();
  const project = useProject();
  const nameOf = useNameOf();
  const listed = useInfiniteQuery({
    queryKey: ['operations', project.id, 'published'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      call(
        api.GET('/projects/{project}/operations', {
          params: {
            path: { project: project.id },
            query: { object: project.id, before: pageParam, limit: 100 },
          },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (listed.isError) return <Problem error={listed.error} />;
  const rows = (listed.data?.pages ?? [])
    .flatMap(({ items }) => items)
    .filter(({ kind }) => kind === 'submit' || kind === 'publish');
  if (!listed.isPending && rows.length === 0 && !listed.hasNextPage)
    return <Empty title={say('historyNone')} />;
  const columns: TableColumnsType<Operation> = [
    {
      title: say('what'),
      width: 160,
      render: (_, { kind }) => say(kind === 'submit' ? 'kindSubmit' : 'kindPublish'),
    },
    { title: say('outcome'), render: (_, operation) => <Outcome operation={operation} /> },
    {
      title: say('started'),
      width: 190,
      render: (_, one) => moment(one['started-at'], project['time-zone']),
    },
    {
      title: say('took'),
      width: 110,
      render: (_, one) => one['ended-at'] && duration(secondsBetween(one['started-at'], one['ended-at'])),
    },
    { title: say('by'), width: 180, ellipsis: true, render: (_, one) => nameOf(one['asked-by']) },
  ];
  return (
    <Flex vertical gap={12} align="stretch">
      <Table<Operation>
        size="small"
        rowKey="id"
        loading={listed.isPending}
        columns={columns}
        dataSource={rows}
        pagination={false}
        expandable={{
          expandedRowRender: ({ id }) => <Details id={id} />,
          expandIcon: ({ expanded, onExpand, record }) => (
            <ExpandButton
              expanded={expanded}
              label={say(expanded ? 'hideDetails' : 'details')}
              onExpand={(event) => onExpand(record, event)}
            />
          ),
        }}
      />
      {listed.hasNextPage && (
        <Button
          style={{ alignSelf: 'center' }}
          loading={listed.isFetchingNextPage}
          onClick={() => void listed.fetchNextPage()}
        >
          {say('older')}
        </Button>
      )}
    </Flex>
  );
}

function Outcome({ operation }: { operation: Operation }) {
  const say = useTexts();
  switch (operation.state) {
    case 'running':
      return <Mark tone="due">{say('running')}</Mark>;
    case 'succeeded':
      return <Mark tone="good">{say('allOut', { count: operation.total })}</Mark>;
    default:
      return <Mark tone="attention">{say('partly')}</Mark>;
  }
}

function Details({ id }: { id: string }) {
  const operation = useOperation(id);
  if (operation.isError) return <Problem error={operation.error} />;
  if (operation.data === undefined) return <Waiting />;
  if (operation.data.state === 'running') return <OperationProgress id={id} />;
  return <Ended operation={operation.data} isWhole />;
}
