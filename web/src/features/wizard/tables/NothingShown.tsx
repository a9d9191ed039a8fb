import { Button } from 'antd';
import { Empty } from '@/ui/Empty';
import { visible } from '@/ui/Identifier';
import { useTexts } from './texts';
import type { View } from './useShown';

/** Why the list is empty, and the way back to all tables. */
export function NothingShown({ view }: { view: View }) {
  const say = useTexts();
  const reason =
    view.find !== ''
      ? say('nothingFound', { text: visible(view.find) })
      : say(view.shown === 'unselected' ? 'nothingLeft' : 'nothingSelected');
  return (
    <div style={{ position: 'absolute', insetInline: 0, top: 60 }}>
      <Empty title={say('nothingShown')} action={<Button onClick={view.showAll}>{say('showAll')}</Button>}>
        {reason}
      </Empty>
    </div>
  );
}
