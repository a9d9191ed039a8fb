import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Flex, Input } from 'antd';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { useProjectEvents } from '@/app/operation';
import { useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { BackfillDialog } from './backfills/BackfillDialog';
import { Pages, useCursor } from './common/cursor';
import { EnvironmentSwitch, useEnvironment } from './common/environment';
import { usePlace } from './common/links';
import type { TaskShown } from './common/types';
import { RunDialog } from './tasks/RunDialog';
import { TaskDrawer } from './tasks/TaskDrawer';
import { TaskTable } from './tasks/TaskTable';
import { useTasksTexts } from './tasks/texts';

const PAGE = 100;
/** How long after the last letter that is typed the list is read. */
const PAUSE = 250;

export default function TasksPage() {
  const say = useTasksTexts();
  const project = useProject();
  const environment = useEnvironment();
  useProjectEvents(['tasks', 'instances']);
  const { get, set } = useSearch();
  const { after } = useCursor();
  const containing = get('name');
  const [running, setRunning] = useState<TaskShown | null>(null);
  const [filling, setFilling] = useState<TaskShown | null>(null);
  const tasks = useQuery({
    queryKey: ['tasks', project.id, 'list', environment, containing, PAGE, after],
    placeholderData: keepPreviousData,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/tasks', {
          params: { path: { project: project.id }, query: { environment, containing, after, limit: PAGE } },
        }),
      ),
  });
  const does = { onRun: setRunning, onBackfill: setFilling };
  return (
    <Page title={say('title')} intro={say('intro')} extra={<EnvironmentSwitch drop={['after', 'task']} />}>
      <Flex>
        <NameSearch />
      </Flex>
      <Problem error={tasks.error} />
      {tasks.data?.items.length === 0 ? (
        <NoTasks isSearched={containing !== undefined} />
      ) : (
        (tasks.data || !tasks.isError) && (
          <TaskTable
            tasks={tasks.data?.items ?? []}
            isLoading={tasks.isPending || tasks.isPlaceholderData}
            onOpen={(task) => set({ task })}
            {...does}
          />
        )
      )}
      <Pages next={tasks.data?.next} loading={tasks.isPlaceholderData} />
      <TaskDrawer id={get('task')} onClose={() => set({ task: undefined })} {...does} />
      {running && <RunDialog task={running} onClose={() => setRunning(null)} />}
      {filling && <BackfillDialog task={filling} onClose={() => setFilling(null)} />}
    </Page>
  );
}

function NameSearch() {
  const say = useTasksTexts();
  const { get, set } = useSearch();
  const searched = get('name') ?? '';
  const [typed, setTyped] = useState(searched);
  useEffect(() => {
    const timer = setTimeout(() => typed !== searched && set({ name: typed, after: undefined }), PAUSE);
    return () => clearTimeout(timer);
  }, [typed, searched, set]);
  return (
    <Input.Search
      allowClear
      aria-label={say('search')}
      placeholder={say('search')}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      style={{ maxWidth: 360 }}
    />
  );
}

function NoTasks({ isSearched }: { isSearched: boolean }) {
  const say = useTasksTexts();
  const place = usePlace();
  const environment = useEnvironment();
  const project = useProject();
  if (isSearched) return <Empty title={say('none')}>{say('noneFound')}</Empty>;
  const isPublished = project.mode === 'dev-prod' && environment === 'production';
  return (
    <Empty
      title={say('none')}
      action={
        <Link to={place(isPublished ? 'publish' : 'pipelines')}>
          {say(isPublished ? 'toPublish' : 'toPipelines')}
        </Link>
      }
    >
      {say('noneYet')}
    </Empty>
  );
}
