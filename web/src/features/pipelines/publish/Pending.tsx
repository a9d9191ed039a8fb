import { useMutation, useQuery } from '@tanstack/react-query';
import { Button, Modal } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Problem } from '@/ui/Problem';
import { OperationProgress } from '../OperationProgress';
import { PipelineTable } from './PipelineTable';
import { useTexts } from './texts';

/** Pipelines whose last submission is not in production. */
export function usePending(enabled: boolean) {
  const project = useProject();
  return useQuery({
    queryKey: ['to-be-published', project.id],
    enabled,
    queryFn: async () =>
      (
        await call(
          api.GET('/projects/{project}/to-be-published', { params: { path: { project: project.id } } }),
        )
      ).items,
  });
}

/** What was submitted and is not in production yet; several are published at once. */
export function Pending() {
  const say = useTexts();
  const project = useProject();
  const mayPublish = useMayHere()('publish');
  const pending = usePending(true);
  const [chosen, setChosen] = useState<string[]>([]);
  const publish = useMutation({
    mutationFn: (pipelines: string[]) =>
      call(
        api.POST('/projects/{project}/publish', {
          params: { path: { project: project.id } },
          body: { pipelines },
        }),
      ),
  });
  const known = new Set(pending.data?.map(({ id }) => id));
  const wanted = chosen.filter((id) => known.has(id));
  if (pending.isError) return <Problem error={pending.error} />;
  return (
    <>
      <Problem error={publish.error} />
      {pending.data?.length === 0 ? (
        <Empty
          title={say('pendingNone')}
          action={<Link to={`/p/${project.id}/pipelines`}>{say('toPipelines')}</Link>}
        >
          {say('pendingNoneHint')}
        </Empty>
      ) : (
        <PipelineTable
          pipelines={pending.data}
          isPending={pending.isPending}
          chosen={wanted}
          onChoose={mayPublish ? setChosen : undefined}
          action={
            mayPublish ? (
              <Button
                type="primary"
                disabled={wanted.length === 0}
                loading={publish.isPending}
                onClick={() => publish.mutate(wanted)}
              >
                {wanted.length === 0 ? say('publish') : say('publishSome', { count: wanted.length })}
              </Button>
            ) : (
              say('notYours')
            )
          }
        />
      )}
      <Modal
        open={publish.data !== undefined}
        title={say('progress')}
        onCancel={publish.reset}
        destroyOnHidden
        footer={
          <Button type="primary" autoFocus onClick={publish.reset}>
            {say('close')}
          </Button>
        }
      >
        {publish.data && <OperationProgress id={publish.data.id} onEnd={() => setChosen([])} />}
      </Modal>
    </>
  );
}
