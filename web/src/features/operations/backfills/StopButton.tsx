import { useMutation, useQueryClient } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { useOperationTexts } from '../common/texts';
import { type BackfillProgress, isEnded } from '../common/types';
import { useBackfillTexts } from './texts';

/** Stops what has not ended of a backfill; nothing where all has. */
export function StopButton({ backfill, size }: { backfill: BackfillProgress; size?: 'small' }) {
  const say = useBackfillTexts();
  const general = useOperationTexts();
  const project = useProject();
  const may = useMayHere();
  const client = useQueryClient();
  const { modal, message } = App.useApp();
  const stop = useMutation({
    mutationFn: () =>
      call(
        api.POST('/projects/{project}/backfills/{backfill}/stop', {
          params: { path: { project: project.id, backfill: backfill.id } },
        }),
      ),
    onSuccess: ({ instances }) => {
      for (const noun of ['backfills', 'backfill-dates', 'instances']) {
        void client.invalidateQueries({ queryKey: [noun, project.id] });
      }
      void message.success(say('stopped', { count: instances }));
    },
    onError: (error) => void modal.error({ title: say('stop'), content: error.message }),
  });
  const isOver = Object.keys(backfill.instances).every((state) =>
    isEnded(state as BackfillProgress['state']),
  );
  if (!may('operate') || isOver) return null;
  const ask = () =>
    modal.confirm({
      title: say('stopTitle', { name: backfill.name }),
      content: say('stopAbout'),
      okText: say('stop'),
      okButtonProps: { danger: true },
      cancelText: general('cancel'),
      onOk: () => stop.mutateAsync().catch(() => undefined),
    });
  return (
    <Button
      danger
      autoInsertSpace={false}
      size={size}
      loading={stop.isPending}
      aria-label={say('stopOf', { name: backfill.name })}
      onClick={ask}
    >
      {say('stop')}
    </Button>
  );
}
