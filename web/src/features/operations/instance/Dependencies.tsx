import { useQuery } from '@tanstack/react-query';
import { Button, Flex, InputNumber, Segmented, Typography } from 'antd';
import { lazy, Suspense, useId } from 'react';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { useActTexts } from '../common/actTexts';
import { InstanceLines } from '../common/InstanceLines';
import { useOperationTexts } from '../common/texts';
import { type InstanceShown, isWaiting } from '../common/types';
import { useDirectAct } from './Actions';
import { useInstanceTexts } from './texts';

const Graph = lazy(() => import('./Graph'));
const STEPS = 2;
const MOST_STEPS = 10;

/** What an instance waits for, and what waits for it: drawn, or as lists. */
export function Dependencies({ instance }: { instance: InstanceShown }) {
  const say = useInstanceTexts();
  const { get, set } = useSearch();
  if (instance.upstream.length + instance.downstream.length === 0) return <Empty title={say('alone')} />;
  const view = get('view') === 'list' ? 'list' : 'graph';
  return (
    <Flex vertical gap={12}>
      <div>
        <Segmented
          aria-label={say('view')}
          value={view}
          onChange={(chosen) => set({ view: chosen === 'list' ? 'list' : undefined })}
          options={[
            { value: 'graph', label: say('graph') },
            { value: 'list', label: say('list') },
          ]}
        />
      </div>
      {view === 'graph' ? <Drawn instance={instance} /> : <Lists instance={instance} />}
    </Flex>
  );
}

function Drawn({ instance }: { instance: InstanceShown }) {
  const say = useInstanceTexts();
  const project = useProject();
  const { get, set } = useSearch();
  const id = useId();
  const asked = Number(get('steps') ?? STEPS);
  const steps = Number.isInteger(asked) && asked >= 1 && asked <= MOST_STEPS ? asked : STEPS;
  const graph = useQuery({
    queryKey: ['instances', project.id, 'graph', instance.id, steps],
    queryFn: () =>
      call(
        api.GET('/projects/{project}/instances/{instance}/graph', {
          params: { path: { project: project.id, instance: instance.id }, query: { steps } },
        }),
      ),
  });
  return (
    <Flex vertical gap={8}>
      <Flex gap={16} align="center" wrap>
        <span>
          <label htmlFor={id}>{say('steps')}</label>{' '}
          <InputNumber
            id={id}
            min={1}
            max={MOST_STEPS}
            value={steps}
            onChange={(chosen) => chosen && set({ steps: chosen === STEPS ? undefined : String(chosen) })}
            style={{ width: 72 }}
          />
        </span>
        <Typography.Text type="secondary">{say('graphHint')}</Typography.Text>
      </Flex>
      {graph.data?.more && <Typography.Text type="secondary">{say('more')}</Typography.Text>}
      <Problem error={graph.error} />
      {graph.data ? (
        <Suspense fallback={<Waiting />}>
          <Graph graph={graph.data} centre={instance.id} />
        </Suspense>
      ) : (
        graph.isPending && <Waiting />
      )}
    </Flex>
  );
}

function Lists({ instance }: { instance: InstanceShown }) {
  const say = useInstanceTexts();
  const act = useActTexts();
  const general = useOperationTexts();
  const may = useMayHere();
  const { perform, isBusy } = useDirectAct();
  const canRelease = may('operate') && isWaiting(instance.state);
  const release = {
    key: 'release',
    title: '',
    render: (_: unknown, { id }: { id: number }) => (
      <Button
        size="small"
        disabled={isBusy}
        title={act('about-remove-upstream')}
        onClick={() => perform('remove-upstream', instance, id)}
      >
        {act('remove-upstream')}
      </Button>
    ),
  };
  return (
    <Flex vertical gap={16}>
      <section>
        <Typography.Title level={2} style={{ fontSize: 16 }}>
          {say('waitsFor')} ({instance.upstream.length})
        </Typography.Title>
        {instance.upstream.length === 0 ? (
          <Typography.Text type="secondary">{say('none')}</Typography.Text>
        ) : (
          <InstanceLines
            lines={instance.upstream}
            label={general('upstream')}
            more={canRelease ? [release] : []}
          />
        )}
      </section>
      <section>
        <Typography.Title level={2} style={{ fontSize: 16 }}>
          {say('waitForIt')} ({instance.downstream.length})
        </Typography.Title>
        {instance.downstream.length === 0 ? (
          <Typography.Text type="secondary">{say('none')}</Typography.Text>
        ) : (
          <InstanceLines lines={instance.downstream} label={general('downstream')} />
        )}
      </section>
    </Flex>
  );
}
