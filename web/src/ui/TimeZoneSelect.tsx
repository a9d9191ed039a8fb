import { Select, type SelectProps } from 'antd';
import { moment } from './format';
import { defineTexts } from './texts';
import { FIXED_ZONES, NAMED_ZONES } from './zones';

const useTexts = defineTexts(
  'zones',
  { usual: 'Common', all: 'All zones', now: 'now {{time}}' },
  { usual: '常用', all: '全部时区', now: '现在 {{time}}' },
);

const USUAL = [...FIXED_ZONES, 'UTC', ...NAMED_ZONES];

const OTHERS = Intl.supportedValuesOf('timeZone').filter((zone) => !USUAL.includes(zone));

/** The time of the day in a zone, `HH:MM`. */
export function timeIn(zone: string): string {
  return moment(new Date().toISOString(), zone).slice(11, 16);
}

/** Chooses a time zone: the usual ones, and all others below. */
export function TimeZoneSelect(props: Omit<SelectProps<string>, 'options' | 'optionRender' | 'showSearch'>) {
  const say = useTexts();
  const option = (zone: string) => ({ value: zone, label: zone });
  return (
    <Select<string>
      {...props}
      showSearch={{ filterOption: (typed, option) => matches(typed, String(option?.value ?? '')) }}
      options={[
        { label: say('usual'), title: 'usual', options: USUAL.map(option) },
        { label: say('all'), title: 'all', options: OTHERS.map(option) },
      ]}
      optionRender={({ value }) => (
        <span style={{ display: 'flex', justifyContent: 'space-between', gap: 16 }}>
          <span>{value}</span>
          <span>{say('now', { time: timeIn(String(value)) })}</span>
        </span>
      )}
    />
  );
}

function matches(typed: string, zone: string): boolean {
  return zone.toLowerCase().replaceAll('_', ' ').includes(typed.toLowerCase().replaceAll('_', ' ').trim());
}
