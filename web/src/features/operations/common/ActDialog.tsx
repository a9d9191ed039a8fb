import { Alert, App, Checkbox, Flex, Modal, Typography } from 'antd';
import { useState } from 'react';
import { bizdate } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { type Refused, useAct } from './acts';
import { useActTexts } from './actTexts';
import { useOperationTexts } from './texts';
import type { Act, InstanceLine } from './types';

const NAMED = 6;
const LOSING: ReadonlySet<Act> = new Set(['stop', 'set-success', 'force-rerun']);

/** Says what an operation does and with which instances, then does it; stays open with what was refused. */
export function ActDialog({
  act,
  lines,
  leftOut = 0,
  onClose,
}: {
  act: Act;
  lines: readonly InstanceLine[];
  /** How many that were selected it has no meaning for. */
  leftOut?: number;
  onClose: (isDone: boolean) => void;
}) {
  const say = useActTexts();
  const general = useOperationTexts();
  const { message } = App.useApp();
  const perform = useAct();
  const [onlyFailed, setOnlyFailed] = useState(true);
  const [refused, setRefused] = useState<readonly Refused[]>([]);
  const confirm = async () => {
    const asked = act === 'rerun-downstream' ? { onlyFailed } : {};
    const outcome = await perform.mutateAsync({ act, instances: lines.map(({ id }) => id), ...asked });
    if (outcome.done > 0) void message.success(say('done', { act: say(act), count: outcome.done }));
    if (outcome.refused.length === 0) onClose(true);
    setRefused(outcome.refused);
  };
  const isOver = refused.length > 0;
  return (
    <Modal
      open
      title={say('ask', { act: say(act), count: lines.length })}
      okText={say(act)}
      cancelText={general(isOver ? 'close' : 'cancel')}
      okButtonProps={{ danger: LOSING.has(act), loading: perform.isPending, hidden: isOver }}
      onOk={() => void confirm()}
      onCancel={() => onClose(isOver)}
    >
      <Flex vertical gap={12}>
        <Alert type={LOSING.has(act) ? 'warning' : 'info'} showIcon title={say(`about-${act}`)} />
        <Named lines={lines} />
        {leftOut > 0 && (
          <Typography.Text type="secondary">{say('leftOut', { count: leftOut })}</Typography.Text>
        )}
        {act === 'rerun-downstream' && (
          <Checkbox checked={onlyFailed} onChange={(event) => setOnlyFailed(event.target.checked)}>
            {say('onlyFailed')}
          </Checkbox>
        )}
        {isOver && (
          <>
            <Typography.Text strong>{say('refused', { count: refused.length })}</Typography.Text>
            {refused.slice(0, NAMED).map(({ instance, error }) => (
              <Problem key={instance} error={error} />
            ))}
          </>
        )}
      </Flex>
    </Modal>
  );
}

function Named({ lines }: { lines: readonly InstanceLine[] }) {
  const say = useActTexts();
  return (
    <ul style={{ margin: 0, paddingInlineStart: 20, overflowWrap: 'anywhere' }}>
      {lines.slice(0, NAMED).map((line) => (
        <li key={line.id}>
          {line['task-name']} · {bizdate(line.bizdate)}
        </li>
      ))}
      {lines.length > NAMED && <li>{say('andMore', { count: lines.length - NAMED })}</li>}
    </ul>
  );
}
