import { Flex } from 'antd';
import type { Schemas } from '@/api/client';
import { count, bizdate as written } from '@/ui/format';
import { type Column, StackedDays } from '@/ui/plots/StackedDays';
import { STATE_HUES, STATES, useStateTexts } from '@/ui/StateTag';
import type { StateCounts } from '../common/types';
import { Panel } from './Panel';
import { useDashboardTexts } from './texts';

/** The days, one beside the other; one of them is looked at. */
export function Trend({
  days,
  chosen,
  onChoose,
}: {
  days: Schemas['DayShown'][];
  chosen: string;
  onChoose: (day: string) => void;
}) {
  const say = useDashboardTexts();
  const states = useStateTexts();
  const columns = days.map(({ bizdate, states: of }): Column => {
    const counts: StateCounts = of;
    const there = STATES.filter((state) => (counts[state] ?? 0) > 0);
    const failed = counts.failed ?? 0;
    return {
      key: bizdate,
      label: written(bizdate).slice(5),
      words: say('trendWords', {
        bizdate: written(bizdate),
        states: there.map((state) => `${states(state)} ${count(counts[state] ?? 0)}`).join(', '),
      }),
      parts: [...there]
        .reverse()
        .map((state) => ({ key: state, value: counts[state] ?? 0, hue: STATE_HUES[state] })),
      mark: failed > 0 ? `✕ ${count(failed)}` : undefined,
    };
  });
  const seen = STATES.filter((state) => days.some(({ states: of }) => (of[state] ?? 0) > 0));
  return (
    <Panel title={say('trend', { days: days.length })}>
      <StackedDays
        columns={columns}
        chosen={chosen}
        onChoose={onChoose}
        label={say('trend', { days: days.length })}
      />
      <Flex gap={16} wrap style={{ paddingInlineStart: 36, marginTop: 8 }}>
        {seen.map((state) => (
          <span key={state}>
            <span
              aria-hidden
              style={{
                display: 'inline-block',
                width: 10,
                height: 10,
                marginInlineEnd: 6,
                borderRadius: 2,
                background: STATE_HUES[state],
              }}
            />
            {states(state)}
          </span>
        ))}
      </Flex>
    </Panel>
  );
}
