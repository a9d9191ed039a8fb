import { Alert, Button, Flex } from 'antd';
import { useProject } from '@/app/project';
import { moment } from '@/ui/format';
import { useNames } from '@/ui/people';
import { defineTexts } from '@/ui/texts';
import type { Saving } from './saving';

const useTexts = defineTexts(
  'wizard-conflict',
  {
    title: 'Somebody else has changed this migration meanwhile',
    about: 'Changed {{at}} by {{who}}. Your last edits are not saved.',
    somebody: 'somebody',
    theirs: 'Load theirs',
    mine: 'Keep mine',
    theirsHelp: 'Load theirs: your edits since are lost. Keep mine: theirs are written over.',
  },
  {
    title: '此迁移已被他人修改',
    about: '{{who}} 于 {{at}} 修改。您最近的改动尚未保存。',
    somebody: '他人',
    theirs: '加载对方的版本',
    mine: '保留我的版本',
    theirsHelp: '加载对方的版本会丢弃您的改动；保留我的版本会覆盖对方的改动。',
  },
);

/** Offers both ways where two people edited the same. */
export function Conflict({ saving }: { saving: Saving }) {
  const say = useTexts();
  const project = useProject();
  const names = useNames();
  const { theirs } = saving;
  if (theirs === null) return null;
  const who = names[theirs['changed-by']] ?? say('somebody');
  return (
    <Alert
      type="warning"
      style={{ marginBlockStart: 8 }}
      showIcon
      role="alert"
      title={say('title')}
      description={`${say('about', { at: moment(theirs['changed-at'], project['time-zone']), who })} ${say('theirsHelp')}`}
      action={
        <Flex vertical gap={6}>
          <Button size="small" onClick={saving.loadTheirs}>
            {say('theirs')}
          </Button>
          <Button size="small" danger onClick={() => void saving.keepMine()}>
            {say('mine')}
          </Button>
        </Flex>
      }
    />
  );
}
