import { Select, Typography } from 'antd';
import { useId } from 'react';
import { useProject } from '@/app/project';
import { moment } from '@/ui/format';
import { useOperationTexts } from '../common/texts';
import type { Attempt } from '../common/types';
import { useInstanceTexts } from './texts';

/** Which of the times that it ran is shown. */
export function AttemptSwitch({
  runs,
  chosen,
  onChoose,
}: {
  runs: readonly Attempt[];
  chosen: number;
  onChoose: (number: number) => void;
}) {
  const say = useInstanceTexts();
  const general = useOperationTexts();
  const zone = useProject()['time-zone'];
  const id = useId();
  const outcome = (run: Attempt) => {
    const word = run['ended-at'] === null ? 'running' : (run.outcome ?? 'running');
    return isOutcome(word) ? general(`outcome-${word}`) : word;
  };
  return (
    <div>
      <label htmlFor={id}>
        <Typography.Text type="secondary">{say('attemptOf')}</Typography.Text>
      </label>{' '}
      <Select
        id={id}
        value={chosen}
        onChange={onChoose}
        style={{ minWidth: 380 }}
        options={runs.map((run) => ({
          value: run.number,
          label: `${say('attempt', { number: run.number })} · ${outcome(run)} · ${moment(run['started-at'], zone)}`,
        }))}
      />
    </div>
  );
}

const OUTCOMES = [
  'succeeded',
  'failed',
  'refused',
  'timed-out',
  'stopped',
  'lost',
  'outdated',
  'running',
] as const;
type Outcome = (typeof OUTCOMES)[number];

function isOutcome(word: string): word is Outcome {
  return (OUTCOMES as readonly string[]).includes(word);
}
