import { useQuery } from '@tanstack/react-query';
import { App, Button, Flex, Input, Segmented, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { type Environment, useMayHere, useProject } from '@/app/project';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { Empty } from '@/ui/Empty';
import { bizdate, moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Mark } from '../Mark';
import { environmentsOf, pipelinesIn, type Task, useNameOf, useTasks, useTouched } from '../queries';
import { LiveVersion } from './cells';
import { useTexts } from './texts';

const PAGE = 50;
const NAMED = 4;

/** What runs in an environment; it is taken out from there. */
export function Live() {
  const say = useTexts();
  const project = useProject();
  const may = useMayHere();
  const nameOf = useNameOf();
  const { get, set } = useSearch();
  const environment: Environment =
    project.mode === 'dev-prod' && get('environment') === 'development' ? 'development' : 'production';
  const search = get('containing') ?? '';
  const tasks = useTasks(environment);
  const pipelines = useQuery(pipelinesIn(project));
  const byId = new Map(pipelines.data?.map((one) => [one.id, one]));
  const [chosen, setChosen] = useState<string[]>([]);
  const [isAsking, setIsAsking] = useState(false);
  const mayTakeOut = may(environment === 'production' ? 'publish' : 'edit-migrations');
  const all = (tasks.data ?? []).filter(({ body }) => body.runs.kind === 'pipeline');
  const rows = all.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  const wanted = all.filter(({ id }) => chosen.includes(id));
  const columns: TableColumnsType<Task> = [
    {
      title: say('task'),
      ellipsis: true,
      render: (_, { id, name }) => (
        <Link to={`/p/${project.id}/pipelines/${id}`} title={name}>
          {name}
        </Link>
      ),
    },
    {
      title: say('liveVersion'),
      width: 150,
      render: (_, one) => <LiveVersion number={one.version} pipeline={byId.get(one.id)} />,
    },
    {
      title: say('hour'),
      width: 95,
      render: (_, { body }) =>
        body.hour == null ? say('byHand') : `${String(body.hour).padStart(2, '0')}:00`,
    },
    { title: say('firstBizdate'), width: 130, render: (_, one) => bizdate(one['first-bizdate']) },
    {
      title: say('state'),
      width: 100,
      render: (_, { suspended }) =>
        suspended ? (
          <Mark tone="attention">{say('suspended')}</Mark>
        ) : (
          <Mark tone="good">{say('active')}</Mark>
        ),
    },
    {
      title: say('since'),
      width: 140,
      render: (_, one) => moment(one['changed-at'], project['time-zone']).slice(0, 16),
    },
    { title: say('by'), width: 100, ellipsis: true, render: (_, one) => nameOf(one['changed-by']) },
  ];
  if (tasks.isError) return <Problem error={tasks.error} />;
  return (
    <Flex vertical gap={12}>
      <Flex justify="space-between" gap={12} wrap>
        <Flex gap={12} wrap>
          {environmentsOf(project).length > 1 && (
            <Segmented<Environment>
              aria-label={say('environment')}
              value={environment}
              onChange={(next) => {
                setChosen([]);
                set({ environment: next === 'production' ? undefined : next });
              }}
              options={[
                { value: 'production', label: say('productionShort') },
                { value: 'development', label: say('development') },
              ]}
            />
          )}
          <Input.Search
            allowClear
            style={{ width: 280 }}
            aria-label={say('search')}
            placeholder={say('search')}
            value={search}
            onChange={(event) => set({ containing: event.target.value })}
          />
        </Flex>
        {mayTakeOut && (
          <Button danger disabled={wanted.length === 0} onClick={() => setIsAsking(true)}>
            {wanted.length === 0 ? say('unpublish') : say('unpublishSome', { count: wanted.length })}
          </Button>
        )}
      </Flex>
      {!tasks.isPending && all.length === 0 ? (
        <Empty title={say('liveNone')}>{say('liveNoneHint')}</Empty>
      ) : (
        <Table<Task>
          size="small"
          rowKey="id"
          loading={tasks.isPending}
          columns={columns}
          dataSource={rows}
          pagination={rows.length > PAGE ? { pageSize: PAGE, showSizeChanger: false } : false}
          rowSelection={
            mayTakeOut
              ? {
                  selectedRowKeys: wanted.map(({ id }) => id),
                  preserveSelectedRowKeys: true,
                  onChange: (keys) => setChosen(keys.map(String)),
                  getTitleCheckboxProps: () => ({ 'aria-label': say('task') }),
                  getCheckboxProps: ({ name }) => ({ name, 'aria-label': name }),
                }
              : undefined
          }
        />
      )}
      <Unpublish
        open={isAsking}
        tasks={wanted}
        environment={environment}
        onClose={(done) => {
          setIsAsking(false);
          if (done) setChosen([]);
        }}
      />
    </Flex>
  );
}

function Unpublish({
  open,
  tasks,
  environment,
  onClose,
}: {
  open: boolean;
  tasks: Task[];
  environment: Environment;
  onClose: (done: boolean) => void;
}) {
  const say = useTexts();
  const project = useProject();
  const touched = useTouched();
  const { message } = App.useApp();
  const names = tasks.slice(0, NAMED).map(({ name }) => name);
  if (tasks.length > NAMED) names.push(say('more', { count: tasks.length - NAMED }));
  const takeOut = async () => {
    await call(
      api.POST('/projects/{project}/unpublish', {
        params: { path: { project: project.id } },
        body: { pipelines: tasks.map(({ id }) => id), environment },
      }),
    );
    await touched();
    void message.success(say('unpublished', { count: tasks.length }));
    onClose(true);
  };
  return (
    <ConfirmTyped
      open={open}
      title={say('unpublishTitle')}
      word={tasks.length === 1 ? (tasks[0]?.name ?? '') : String(tasks.length)}
      action={say('unpublish')}
      consequence={
        <Flex vertical gap={4}>
          <span>
            {say('unpublishLoses', {
              count: tasks.length,
              names: names.join(', '),
              environment: say(
                environment === 'production' ? 'productionShort' : 'development',
              ).toLowerCase(),
            })}
          </span>
          <span>{say('unpublishKeeps')}</span>
        </Flex>
      }
      onConfirm={takeOut}
      onCancel={() => onClose(false)}
    />
  );
}
