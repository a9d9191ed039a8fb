import { theme } from 'antd';
import { count } from '@/ui/format';
import { type InstanceState, STATE_HUES, STATES, useStateTexts } from '@/ui/StateTag';

type Counts = Partial<Record<InstanceState, number>>;

/** The share of each state as one bar; the numbers are its name. */
export function StateBar({ counts, height = 8 }: { counts: Counts; height?: number }) {
  const say = useStateTexts();
  const { token } = theme.useToken();
  const parts = [...STATES]
    .reverse()
    .map((state) => ({ state, number: counts[state] ?? 0 }))
    .filter(({ number }) => number > 0);
  const words = parts.map(({ state, number }) => `${say(state)} ${count(number)}`).join(', ');
  return (
    <div
      role="img"
      aria-label={words}
      title={words}
      style={{
        display: 'flex',
        gap: 1,
        height,
        overflow: 'hidden',
        borderRadius: height / 2,
        background: token.colorFillSecondary,
      }}
    >
      {parts.map(({ state, number }) => (
        <div key={state} style={{ flex: number, minWidth: 3, background: STATE_HUES[state] }} />
      ))}
    </div>
  );
}
