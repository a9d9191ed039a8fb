import { Tooltip } from 'antd';
import { HueTag } from '@/ui/HueTag';
import { STATE_HUES } from '@/ui/StateTag';
import { type Fidelity, wordOf } from './planOf';
import { usePlanTexts } from './texts';

const HUES = {
  exact: STATE_HUES.succeeded,
  widened: STATE_HUES['not-run'],
  lossy: STATE_HUES.throttled,
} as const;

/** How true a column, or the worst of a table, stays. */
export function FidelityTag({ fidelity }: { fidelity: Fidelity | 'lossy' }) {
  const say = usePlanTexts();
  const word = fidelity === 'lossy' ? 'lossy' : wordOf(fidelity);
  const why = typeof fidelity === 'object' ? fidelity.lossy : say(`${word}Help`);
  return (
    <Tooltip title={why}>
      <span data-fidelity={word}>
        <HueTag hue={HUES[word]} text={say(word)} />
      </span>
    </Tooltip>
  );
}
