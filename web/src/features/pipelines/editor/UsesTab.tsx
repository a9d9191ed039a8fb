import { useQueries, useQuery } from '@tanstack/react-query';
import { Descriptions, Flex, Typography } from 'antd';
import { Link } from 'react-router';
import { api, call, ProblemError } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { Waiting } from '@/ui/Waiting';
import {
  environmentsOf,
  type Pipeline,
  readTask,
  type Task,
  useDataSources,
  useFolders,
  useTask,
} from '../queries';

const useTexts = defineTexts(
  'pipeline-uses',
  {
    belongs: 'Belongs to',
    folder: 'Folder',
    migration: 'Generated from',
    byHand: 'Made by hand',
    source: 'Reads',
    destination: 'Writes',
    development: 'Task in development',
    production: 'Task in production',
    noTask: 'There is none.',
    task: 'Task',
    version: 'Version',
    waitsFor: 'Waits for',
    waitedForBy: 'Others wait for it',
    root: 'The start of the day',
    nobody: 'Nobody',
    instances: 'Instances',
    gone: 'It is not there any more',
    more: 'and {{count}} more',
  },
  {
    belongs: '归属',
    folder: '目录',
    migration: '生成来源',
    byHand: '手工创建',
    source: '读取',
    destination: '写入',
    development: '开发环境的任务',
    production: '生产环境的任务',
    noTask: '没有任务。',
    task: '任务',
    version: '版本',
    waitsFor: '上游',
    waitedForBy: '下游',
    root: '根节点',
    nobody: '无',
    instances: '实例',
    gone: '已不存在',
    more: '等另外 {{count}} 个',
  },
);

const SHOWN = 30;

/** Where a pipeline comes from, what it reads and writes, and which tasks depend on it. */
export function UsesTab({ pipeline }: { pipeline: Pipeline }) {
  const say = useTexts();
  const project = useProject();
  const sources = useDataSources();
  const folders = useFolders();
  const migration = useQuery({
    queryKey: ['migrations', project.id, 'name', pipeline.migration],
    enabled: pipeline.migration != null,
    retry: false,
    queryFn: async () => {
      try {
        return (
          await call(
            api.GET('/projects/{project}/migrations/{migration}', {
              params: { path: { project: project.id, migration: pipeline.migration ?? '' } },
            }),
          )
        ).name;
      } catch (error) {
        if (error instanceof ProblemError && error.problem.status === 404) return null;
        throw error;
      }
    },
  });
  const sourceOf = (
    id: string | null | undefined,
    table: { schema: string; table: string } | null | undefined,
  ) => {
    const known = sources.data?.find((one) => one.id === id);
    const name = table ? `${table.schema}.${table.table}` : null;
    if (!known) return name ?? '—';
    return (
      <>
        <Link to={`/p/${project.id}/data-sources?open=${known.id}`}>{known.name}</Link>
        {name && <Typography.Text type="secondary"> · {name}</Typography.Text>}
      </>
    );
  };
  const origin = () => {
    if (pipeline.migration == null) return say('byHand');
    if (migration.data === null) return say('gone');
    return <Link to={`/p/${project.id}/migrations/${pipeline.migration}`}>{migration.data ?? '…'}</Link>;
  };
  return (
    <Flex vertical gap={20}>
      <Problem error={migration.error} />
      <Descriptions
        size="small"
        bordered
        column={2}
        title={say('belongs')}
        items={[
          {
            key: 'f',
            label: say('folder'),
            children: folders.data?.find(({ id }) => id === pipeline.folder)?.name ?? '…',
          },
          { key: 'm', label: say('migration'), children: origin() },
          { key: 's', label: say('source'), children: sourceOf(pipeline.source, pipeline.table) },
          {
            key: 'd',
            label: say('destination'),
            children: sourceOf(pipeline.destination, pipeline['destination-table']),
          },
        ]}
      />
      {environmentsOf(project)
        .toReversed()
        .map((environment) => (
          <TaskUses key={environment} pipeline={pipeline} environment={environment} />
        ))}
    </Flex>
  );
}

function TaskUses({ pipeline, environment }: { pipeline: Pipeline; environment: Environment }) {
  const say = useTexts();
  const project = useProject();
  const { id } = pipeline;
  const mayBeThere = (environment === 'production' ? pipeline.published : pipeline.submitted) != null;
  const task = useTask(id, environment, mayBeThere);
  if (task.isError) return <Problem error={task.error} />;
  if (mayBeThere && task.isPending) return <Waiting />;
  if (task.data == null) {
    return (
      <div>
        <Typography.Title level={3} style={{ fontSize: 16, margin: '0 0 4px' }}>
          {say(environment)}
        </Typography.Title>
        <Typography.Text type="secondary">{say('noTask')}</Typography.Text>
      </div>
    );
  }
  const { name, version, upstream, downstream } = task.data;
  const query = `environment=${environment}&task=${id}`;
  return (
    <Descriptions
      size="small"
      bordered
      column={2}
      title={say(environment)}
      items={[
        {
          key: 't',
          label: say('task'),
          children: (
            <Flex gap={12} wrap>
              <Link to={`/p/${project.id}/tasks?${query}`}>{name}</Link>
              <Link to={`/p/${project.id}/instances?${query}`}>{say('instances')}</Link>
            </Flex>
          ),
        },
        { key: 'v', label: say('version'), children: version },
        {
          key: 'u',
          label: say('waitsFor'),
          children: <Tasks ids={upstream} environment={environment} none={say('root')} />,
        },
        {
          key: 'd',
          label: say('waitedForBy'),
          children: <Tasks ids={downstream ?? []} environment={environment} none={say('nobody')} />,
        },
      ]}
    />
  );
}

function Tasks({ ids, environment, none }: { ids: string[]; environment: Environment; none: string }) {
  const say = useTexts();
  const project = useProject();
  const shown = ids.slice(0, SHOWN);
  const tasks = useQueries({
    queries: shown.map((id) => ({
      queryKey: ['tasks', project.id, 'one', id, environment],
      queryFn: (): Promise<Task | null> => readTask(project, id, environment),
    })),
  });
  if (ids.length === 0) return <Typography.Text type="secondary">{none}</Typography.Text>;
  return (
    <Flex vertical gap={2} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {shown.map((id, index) => (
        <li key={id}>
          <TaskLink id={id} task={tasks[index]?.data} />
        </li>
      ))}
      {ids.length > SHOWN && <li>{say('more', { count: ids.length - SHOWN })}</li>}
    </Flex>
  );
}

function TaskLink({ id, task }: { id: string; task: Task | null | undefined }) {
  const say = useTexts();
  const project = useProject();
  if (task === undefined) return <>…</>;
  if (task === null) return <>{say('gone')}</>;
  if (task.body.runs.kind !== 'pipeline') return <>{task.name}</>;
  return <Link to={`/p/${project.id}/pipelines/${id}`}>{task.name}</Link>;
}
