import { Tag, Tooltip } from 'antd';
import { type Fidelity, wordOf } from './planOf';
import { usePlanTexts } from './texts';

const COLOURS = { exact: 'success', widened: 'default', lossy: 'warning' } as const;

/** How true a column, or the worst of a table, stays. */
export function FidelityTag({ fidelity }: { fidelity: Fidelity | 'lossy' }) {
  const say = usePlanTexts();
  const word = fidelity === 'lossy' ? 'lossy' : wordOf(fidelity);
  const why = typeof fidelity === 'object' ? fidelity.lossy : say(`${word}Help`);
  return (
    <Tooltip title={why}>
      <Tag color={COLOURS[word]} data-fidelity={word} style={{ marginInlineEnd: 0 }}>
        {say(word)}
      </Tag>
    </Tooltip>
  );
}
