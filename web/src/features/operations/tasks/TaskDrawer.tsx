import { Button, Descriptions, Drawer, Flex, Tag, Typography } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useMayHere, useProject } from '@/app/project';
import { bizdate, moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { useEnvironment } from '../common/environment';
import { InstanceLines } from '../common/InstanceLines';
import { usePlace } from '../common/links';
import { useGroups, useInstances, useTask } from '../common/queries';
import { useOperationTexts } from '../common/texts';
import type { TaskShown } from '../common/types';
import { Neighbours } from './Neighbours';
import { TaskMenu } from './TaskMenu';
import { PrioritySelect, Schedule, SourceTable, type TaskActs } from './TaskTable';
import { useTasksTexts } from './texts';

/** All about one task, beside the list. */
export function TaskDrawer({
  id,
  onClose,
  ...acts
}: { id: string | undefined; onClose: () => void } & TaskActs) {
  const say = useTasksTexts();
  const general = useOperationTexts();
  const may = useMayHere();
  const environment = useEnvironment();
  const task = useTask(id, environment);
  const shown = id === undefined ? undefined : task.data;
  return (
    <Drawer
      open={id !== undefined}
      onClose={onClose}
      size={760}
      title={shown?.name ?? say('details')}
      extra={
        shown &&
        may('operate') && (
          <Flex gap={8}>
            <Button type="primary" onClick={() => acts.onRun(shown)}>
              {say('run')}
            </Button>
            <Button onClick={() => acts.onBackfill(shown)}>{general('backfill')}</Button>
            <TaskMenu task={shown} />
          </Flex>
        )
      }
    >
      <Problem error={task.error} />
      {shown ? <Details task={shown} /> : task.isPending && <Waiting />}
    </Drawer>
  );
}

function Details({ task }: { task: TaskShown }) {
  const say = useTasksTexts();
  return (
    <Flex vertical gap={24}>
      {task.suspended && (
        <div>
          <Tag color="warning">{say('suspended')}</Tag>
        </div>
      )}
      <Facts task={task} />
      <Section title={say('waitsFor')}>
        <Neighbours ids={task.upstream} environment={task.environment} none={say('root')} />
      </Section>
      <Section title={say('waitedForBy')}>
        <Neighbours ids={task.downstream ?? []} environment={task.environment} none={say('nothing')} />
      </Section>
      <LastInstances task={task} />
    </Flex>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Typography.Title level={2} style={{ fontSize: 16, marginTop: 0 }}>
        {title}
      </Typography.Title>
      {children}
    </section>
  );
}

function Facts({ task }: { task: TaskShown }) {
  const say = useTasksTexts();
  const general = useOperationTexts();
  const may = useMayHere();
  const project = useProject();
  const place = usePlace();
  const groups = useGroups();
  const { body } = task;
  const { runs, needs } = body;
  const group = body['resource-group'];
  const reruns = say('rerunsValue', { count: body.reruns, minutes: body['rerun-interval-minutes'] });
  const rows: [string, ReactNode][] = [[say('schedule'), <Schedule key="schedule" task={task} />]];
  if (body.hour != null)
    rows.push([general('bizdate'), say('dailySince', { bizdate: bizdate(task['first-bizdate']) })]);
  rows.push([
    general('priority'),
    may('operate') ? <PrioritySelect key="priority" task={task} /> : general(task.priority),
  ]);
  if (runs.kind === 'pipeline') {
    const { migration } = runs;
    const isDaily = runs.part === 'daily';
    const filter = migration.filter?.[isDaily ? 'daily' : 'one-time'];
    const { 'data-source': to, namespace, 'loading-policy': policy } = migration.destination;
    rows.push(
      [general('kind'), general(isDaily ? 'daily' : 'one-time')],
      [say('from'), <SourceTable key="table" task={task} />],
      [say('to'), namespace ? `${to} · ${namespace}` : to],
      [say('loading'), policy && say(policy)],
      [say('verify'), migration.verify && say(migration.verify === 'none' ? 'unverified' : migration.verify)],
    );
    if (filter)
      rows.push([
        say('filter'),
        <Typography.Text key="filter" code>
          {filter}
        </Typography.Text>,
      ]);
    rows.push(
      [say('group'), group ? (groups.data?.get(group)?.name ?? group) : say('projectGroup')],
      [say('needs'), say('needsValue', { cores: needs['cpu-millis'] / 1000, memory: needs['memory-mb'] })],
      [say('timeout'), say('hours', { hours: body['timeout-hours'] })],
      [
        say('reruns'),
        body.reruns === 0
          ? say('noReruns')
          : body['rerun-after-timeout']
            ? `${reruns}; ${say('rerunsTimeout')}`
            : reruns,
      ],
      [
        say('version'),
        <span key="version">
          {task.version} · <Link to={place(`pipelines/${task.id}`)}>{say('openPipeline')}</Link>
        </span>,
      ],
    );
  }
  rows.push([say('changed'), moment(task['changed-at'], project['time-zone'])]);
  return (
    <Descriptions
      size="small"
      column={1}
      bordered
      styles={{ label: { width: 180 } }}
      items={rows.map(([label, children]) => ({ key: label, label, children }))}
    />
  );
}

function LastInstances({ task }: { task: TaskShown }) {
  const say = useTasksTexts();
  const place = usePlace();
  const found = useInstances({ environment: task.environment, task: task.id }, { limit: 10 });
  const lines = found.isPlaceholderData ? [] : (found.data?.items ?? []);
  return (
    <section>
      <Flex justify="space-between" align="baseline">
        <Typography.Title level={2} style={{ fontSize: 16, marginTop: 0 }}>
          {say('lastInstances')}
        </Typography.Title>
        <Link to={place('instances', { environment: task.environment, task: task.id })}>
          {say('allInstances')}
        </Link>
      </Flex>
      <Problem error={found.error} />
      {found.data && lines.length === 0 ? (
        <Typography.Text type="secondary">{say('noInstances')}</Typography.Text>
      ) : (
        <InstanceLines lines={lines} label={say('lastInstances')} withTask={false} />
      )}
    </section>
  );
}
