import { Flex, Typography } from 'antd';
import { count } from '@/ui/format';
import { StateBar } from '@/ui/plots/StateBar';
import type { StateCounts } from '../common/types';
import { useBackfillTexts } from './texts';

/** How far it is: a bar of its states, and the same in words. */
export function Progress({ counts }: { counts: StateCounts }) {
  const say = useBackfillTexts();
  const all = Object.values(counts).reduce((sum, more) => sum + more, 0);
  if (all === 0) return <Typography.Text type="secondary">{say('nothing')}</Typography.Text>;
  const failed = counts.failed ?? 0;
  const figures = { done: count(counts.succeeded ?? 0), all: count(all), failed: count(failed) };
  return (
    <Flex vertical gap={2}>
      <StateBar counts={counts} />
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {say(failed > 0 ? 'ofFailed' : 'of', figures)}
      </Typography.Text>
    </Flex>
  );
}
