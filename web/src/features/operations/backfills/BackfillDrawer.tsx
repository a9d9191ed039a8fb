import { Alert, Descriptions, Drawer, Flex, Table, Typography } from 'antd';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { bizdate, count, moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { useNames } from '@/ui/people';
import { StateTag } from '@/ui/StateTag';
import { usePlace } from '../common/links';
import { useTask } from '../common/queries';
import { useOperationTexts } from '../common/texts';
import type { BackfillProgress } from '../common/types';
import { Progress } from './Progress';
import { MOST_READ, useDates } from './queries';
import { StopButton } from './StopButton';
import { useBackfillTexts } from './texts';

/** One backfill, date by date. */
export function BackfillDrawer({
  backfill,
  onClose,
}: {
  backfill: BackfillProgress | undefined;
  onClose: () => void;
}) {
  return (
    <Drawer
      open={backfill !== undefined}
      onClose={onClose}
      size={720}
      title={backfill?.name}
      extra={backfill && <StopButton backfill={backfill} />}
    >
      {backfill && <Details backfill={backfill} />}
    </Drawer>
  );
}

function Details({ backfill }: { backfill: BackfillProgress }) {
  const say = useBackfillTexts();
  const general = useOperationTexts();
  const place = usePlace();
  const { 'time-zone': zone, mode } = useProject();
  const names = useNames();
  const { environment, id, task, first, last } = backfill;
  const known = useTask(task, environment === 'development' ? 'development' : 'production');
  const dates = useDates(backfill, true);
  const downstream = backfill['with-downstream'];
  const ofIt = { environment, origin: id };
  return (
    <Flex vertical gap={16}>
      <Descriptions
        size="small"
        column={1}
        bordered
        styles={{ label: { width: 160 } }}
        items={[
          { key: 'state', label: general('state'), children: <StateTag state={backfill.state} /> },
          {
            key: 'task',
            label: general('task'),
            children: <Link to={place('tasks', { environment, task })}>{known.data?.name ?? task}</Link>,
          },
          ...(mode === 'dev-prod'
            ? [
                {
                  key: 'environment',
                  label: general('environment'),
                  children: general(environment === 'development' ? 'development' : 'production'),
                },
              ]
            : []),
          { key: 'range', label: say('range'), children: `${bizdate(first)} – ${bizdate(last)}` },
          { key: 'groups', label: say('groups'), children: backfill.groups },
          {
            key: 'downstream',
            label: say('downstream'),
            children:
              typeof downstream === 'boolean'
                ? say(downstream ? 'downstream-all' : 'downstream-none')
                : `${say('downstream-these')}: ${count(downstream.length)}`,
          },
          {
            key: 'started',
            label: say('started'),
            children: `${moment(backfill['changed-at'], zone)} · ${names[backfill['changed-by']] ?? backfill['changed-by']}`,
          },
        ]}
      />
      <Progress counts={backfill.instances} />
      <Flex gap={16}>
        <Link to={place('instances', ofIt)}>{say('instances')}</Link>
        {(backfill.instances.failed ?? 0) > 0 && (
          <Link to={place('instances', { ...ofIt, state: 'failed' })}>{say('failedInstances')}</Link>
        )}
      </Flex>
      <Typography.Title level={2} style={{ fontSize: 16, margin: 0 }}>
        {say('perDate')}
      </Typography.Title>
      <Problem error={dates.error} />
      {sum(backfill.instances) > MOST_READ && (
        <Alert type="info" showIcon title={say('partial', { count: count(MOST_READ) })} />
      )}
      <Table
        aria-label={say('perDate')}
        rowKey="bizdate"
        size="small"
        loading={dates.isPending}
        dataSource={dates.data}
        pagination={(dates.data?.length ?? 0) > 31 ? { pageSize: 31, showSizeChanger: false } : false}
        columns={[
          {
            key: 'bizdate',
            title: general('bizdate'),
            width: 140,
            render: (_, { bizdate: day }) => (
              <Link to={place('instances', { ...ofIt, bizdate: day })}>{bizdate(day)}</Link>
            ),
          },
          {
            key: 'progress',
            title: say('progress'),
            render: (_, { counts }) => <Progress counts={counts} />,
          },
        ]}
      />
    </Flex>
  );
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((all, more) => all + more, 0);
}
