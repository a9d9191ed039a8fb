import { Button, Flex, theme } from 'antd';
import { count } from '@/ui/format';
import { STATE_HUES, STATES, useStateTexts } from '@/ui/StateTag';
import { useCounts } from '../common/queries';
import { useOperationTexts } from '../common/texts';
import { useFilters } from './search';
import { useInstancesTexts } from './texts';

/** One state, or all; with how many there are, where that is known. */
export function StateFilter() {
  const say = useInstancesTexts();
  const general = useOperationTexts();
  const states = useStateTexts();
  const { filters, set } = useFilters();
  const counts = useCounts(filters.environment, filters.bizdate);
  // The service counts by day alone.
  const isCounted =
    counts.data !== undefined &&
    [filters.kind, filters.origin, filters.task].every((one) => one === undefined);
  const of = counts.data ?? {};
  const all = Object.values(of).reduce((sum, more) => sum + more, 0);
  const entries = [
    { key: undefined, label: say('all'), number: all, hue: undefined },
    ...STATES.map((state) => ({
      key: state,
      label: states(state),
      number: of[state] ?? 0,
      hue: STATE_HUES[state],
    })),
  ];
  // What there is none of need not be looked for.
  const shown = entries.filter(
    ({ key, number }) => !isCounted || key === undefined || number > 0 || key === filters.state,
  );
  return (
    <Flex gap={8} wrap role="group" aria-label={general('state')}>
      {shown.map(({ key, label, number, hue }) => (
        <Chip
          key={key ?? 'all'}
          isChosen={filters.state === key}
          onChoose={() => set({ state: key })}
          hue={hue}
          text={isCounted ? `${label} ${count(number)}` : label}
        />
      ))}
    </Flex>
  );
}

function Chip({
  isChosen,
  onChoose,
  hue,
  text,
}: {
  isChosen: boolean;
  onChoose: () => void;
  hue: string | undefined;
  text: string;
}) {
  const { token } = theme.useToken();
  const chosen = {
    fontWeight: 600,
    borderColor: token.colorPrimary,
    boxShadow: `inset 0 0 0 1px ${token.colorPrimary}`,
  };
  return (
    <Button
      size="small"
      aria-pressed={isChosen}
      onClick={onChoose}
      style={{ color: token.colorText, ...(isChosen ? chosen : {}) }}
    >
      {hue && <span aria-hidden style={{ width: 8, height: 8, borderRadius: 4, background: hue }} />}
      {text}
    </Button>
  );
}
