import { Flex, Typography, theme } from 'antd';
import { count } from '@/ui/format';
import { defineTexts } from '@/ui/texts';

const useTexts = defineTexts(
  'wizard-timeline',
  {
    sum_one: '{{tables}} tables, {{size}} every {{hours}} h: {{count}} batch, {{takes}} h',
    sum_other: '{{tables}} tables, {{size}} every {{hours}} h: {{count}} batches, {{takes}} h',
    at_one: '{{tables}} tables, {{size}} at a time: {{count}} batch at 00:00',
    at_other: '{{tables}} tables, {{size}} at a time: {{count}} batches, all at 00:00',
    fits: 'Fits into a day of 24 hours.',
    long: 'Longer than a day of 24 hours: take more tasks in a batch, or fewer hours between them.',
    unknown: 'How many tables move is not known yet: it is checked when the migration is planned.',
    about: 'About, as the metadata has it; planning counts exactly.',
    batch: 'Batch {{number}} at {{hour}}:00, {{tables}} tables',
  },
  {
    sum_other: '{{tables}} 张表，每 {{hours}} 小时 {{size}} 张：共 {{count}} 批，{{takes}} 小时',
    at_other: '{{tables}} 张表，每批 {{size}} 张：共 {{count}} 批，均在 00:00 开始',
    fits: '未超过一天 24 小时。',
    long: '超过一天 24 小时：请增大每批任务数，或缩短间隔。',
    unknown: '尚不知道表的数量，将在计划时检查。',
    about: '按元数据估算，计划时会准确计数。',
    batch: '第 {{number}} 批 {{hour}}:00，{{tables}} 张表',
  },
);

const WIDTH = 720;
const LEFT = 12;
const HOUR = (WIDTH - 2 * LEFT) / 24;

/** Whether batches of so many tables, so many hours apart, fit into a day. */
export function fitsDay(tables: number, size: number, hours: number): boolean {
  return Math.ceil(tables / size) * hours <= 24;
}

/** How batches are spread over a day, and the sum behind it. */
export function Timeline({
  tables,
  isExact,
  size,
  hours,
}: {
  tables: number | undefined;
  isExact: boolean;
  size: number;
  hours: number;
}) {
  const say = useTexts();
  if (tables === undefined || tables === 0) {
    return <Typography.Text type="secondary">{say('unknown')}</Typography.Text>;
  }
  const batches = Math.ceil(tables / size);
  const takes = batches * hours;
  const fits = fitsDay(tables, size, hours);
  const sum = say(hours === 0 ? 'at' : 'sum', { tables: count(tables), size, hours, count: batches, takes });
  return (
    <Flex vertical gap={4} data-fits={fits}>
      <Typography.Text strong type={fits ? undefined : 'danger'}>
        {sum} <span aria-hidden>{fits ? '✓' : '✗'}</span>
      </Typography.Text>
      <Picture tables={tables} size={size} hours={hours} batches={batches} label={sum} />
      <Typography.Text type={fits ? 'secondary' : 'danger'} role={fits ? undefined : 'alert'}>
        {say(fits ? 'fits' : 'long')} {!isExact && say('about')}
      </Typography.Text>
    </Flex>
  );
}

function Picture({
  tables,
  size,
  hours,
  batches,
  label,
}: {
  tables: number;
  size: number;
  hours: number;
  batches: number;
  label: string;
}) {
  const say = useTexts();
  const { token } = theme.useToken();
  // More than a day's worth is cut off at the day's end.
  const shown = hours === 0 ? 1 : Math.min(batches, Math.floor(23 / hours) + 1);
  const bars = Array.from({ length: shown }, (_, index) => ({
    hour: index * hours,
    tables: hours === 0 ? tables : Math.min(size, tables - index * size),
  }));
  const wide = hours === 0 ? HOUR : Math.max(3, HOUR * hours - 2);
  const long = !fitsDay(tables, size, hours);
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} 58`}
      style={{ width: '100%', maxWidth: WIDTH, display: 'block' }}
    >
      <rect x={LEFT} y={4} width={24 * HOUR} height={30} rx={4} fill={token.colorFillQuaternary} />
      {bars.map(({ hour, tables }, index) => {
        const end = Math.min(LEFT + hour * HOUR + wide, LEFT + 24 * HOUR);
        const x = LEFT + hour * HOUR + 1;
        return (
          <g key={hour}>
            <title>{say('batch', { number: index + 1, hour, tables })}</title>
            <rect
              x={x}
              y={7}
              width={Math.max(2, end - x)}
              height={24}
              rx={3}
              fill={long ? token.colorErrorBg : token.colorPrimaryBg}
              stroke={long ? token.colorErrorBorder : token.colorPrimaryBorder}
            />
            {end - x > 18 && (
              <text x={(x + end) / 2} y={23} textAnchor="middle" fontSize={11} fill={token.colorText}>
                {tables}
              </text>
            )}
          </g>
        );
      })}
      {Array.from({ length: 9 }, (_, index) => index * 3).map((hour) => (
        <g key={hour}>
          <line x1={LEFT + hour * HOUR} x2={LEFT + hour * HOUR} y1={34} y2={39} stroke={token.colorBorder} />
          <text
            x={LEFT + hour * HOUR}
            y={52}
            fontSize={11}
            textAnchor="middle"
            fill={token.colorTextSecondary}
          >
            {String(hour).padStart(2, '0')}
          </text>
        </g>
      ))}
    </svg>
  );
}
