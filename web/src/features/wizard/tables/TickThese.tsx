import { Button } from 'antd';
import { count } from '@/ui/format';
import { useDraft } from '../draft';
import { useTexts } from './texts';
import type { Selection } from './useSelection';

/** Makes a list of what patterns or "all" take now, to go on by hand. */
export function TickThese({ selection }: { selection: Selection }) {
  const say = useTexts();
  const { mayEdit } = useDraft();
  const size = selection.keys.size;
  if (!mayEdit || size === 0) return null;
  return (
    <Button size="small" onClick={selection.tickThese}>
      {say('tickThese', { count: size, shown: count(size) })}
    </Button>
  );
}
