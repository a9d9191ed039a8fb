import { Button, Card, Flex, Typography } from 'antd';
import { useState } from 'react';
import { ActDialog } from '../common/ActDialog';
import { ACTS, isOffered } from '../common/acts';
import { useActTexts } from '../common/actTexts';
import type { Act, InstanceLine } from '../common/types';
import { useInstancesTexts } from './texts';

/** What can be done with all that is selected; each operation says with how many of them. */
export function SelectionBar({
  selected,
  onClear,
}: {
  selected: readonly InstanceLine[];
  onClear: () => void;
}) {
  const say = useInstancesTexts();
  const act = useActTexts();
  const [asked, setAsked] = useState<{ act: Act; lines: readonly InstanceLine[] } | null>(null);
  const offered = ACTS.map((one) => ({
    act: one,
    lines: selected.filter((line) => isOffered(one, line)),
  })).filter(({ lines }) => lines.length > 0);
  return (
    <Card size="small" role="region" aria-label={say('selected', { count: selected.length })}>
      <Flex gap={8} wrap align="center">
        <Typography.Text strong aria-live="polite">
          {say('selected', { count: selected.length })}
        </Typography.Text>
        {offered.map((one) => (
          <Button key={one.act} size="small" danger={one.act === 'stop'} onClick={() => setAsked(one)}>
            {act(one.act)} ({one.lines.length})
          </Button>
        ))}
        <Button size="small" type="link" onClick={onClear}>
          {say('unselect')}
        </Button>
      </Flex>
      {asked && (
        <ActDialog
          act={asked.act}
          lines={asked.lines}
          leftOut={selected.length - asked.lines.length}
          onClose={(isDone) => {
            setAsked(null);
            if (isDone) onClear();
          }}
        />
      )}
    </Card>
  );
}
