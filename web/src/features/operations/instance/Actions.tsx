import { DownOutlined } from '@ant-design/icons';
import { App, Button, Dropdown } from 'antd';
import { useState } from 'react';
import { useMayHere } from '@/app/project';
import { ActDialog } from '../common/ActDialog';
import { ACTS, ASKED, isOffered, useAct } from '../common/acts';
import { useActTexts } from '../common/actTexts';
import { useOperationTexts } from '../common/texts';
import type { Act, InstanceShown } from '../common/types';

/** What is likeliest wanted stands by itself; the rest is one key further. */
const LIKELY: Partial<Record<InstanceShown['state'], Act>> = {
  failed: 'rerun',
  succeeded: 'rerun',
  running: 'stop',
};

export function Actions({ instance }: { instance: InstanceShown }) {
  const say = useActTexts();
  const general = useOperationTexts();
  const may = useMayHere();
  const [asked, setAsked] = useState<Act | null>(null);
  const { perform, isBusy } = useDirectAct();
  if (!may('operate')) return null;
  const offered = ACTS.filter(
    (act) =>
      instance.operations.includes(act) &&
      isOffered(act, instance) &&
      (act !== 'rerun-downstream' || instance.downstream.length > 0),
  );
  const first = instance.paused ? 'resume' : LIKELY[instance.state];
  const choose = (act: Act) => (ASKED.has(act) ? setAsked(act) : perform(act, instance));
  const rest = offered.filter((act) => act !== first);
  return (
    <>
      {first && offered.includes(first) && (
        <Button
          type={instance.state === 'failed' || instance.paused ? 'primary' : 'default'}
          danger={first === 'stop'}
          loading={isBusy}
          onClick={() => choose(first)}
        >
          {say(first)}
        </Button>
      )}
      {rest.length > 0 && (
        <Dropdown
          trigger={['click']}
          menu={{
            items: rest.map((act) => ({ key: act, label: say(act), danger: act === 'stop' })),
            onClick: ({ key }) => choose(key as Act),
          }}
        >
          <Button icon={<DownOutlined />} iconPlacement="end">
            {general('more')}
          </Button>
        </Dropdown>
      )}
      {asked && <ActDialog act={asked} lines={[instance]} onClose={() => setAsked(null)} />}
    </>
  );
}

/** Does what needs no question, and tells of it in passing. */
export function useDirectAct() {
  const say = useActTexts();
  const { message, modal } = App.useApp();
  const act = useAct();
  const perform = async (what: Act, instance: { id: number }, upstream?: number) => {
    const { done, refused } = await act.mutateAsync({ act: what, instances: [instance.id], upstream });
    const error = refused[0]?.error;
    if (done > 0) void message.success(say('done', { act: say(what), count: done }));
    else if (error instanceof Error) modal.error({ title: say(what), content: error.message });
  };
  return {
    perform: (what: Act, instance: { id: number }, upstream?: number) =>
      void perform(what, instance, upstream),
    isBusy: act.isPending,
  };
}
