import { theme } from 'antd';
import { useWidth } from './useWidth';

export interface Moment {
  /** In milliseconds since 1970. */
  at: number;
  value: number;
}

const TOP = 18;
const BOTTOM = 18;

/** What was taken, hour by hour, below the line of what there is. Hours that are missing took nothing. */
export function QuotaArea({
  moments,
  from,
  to,
  quota,
  quotaLabel,
  words,
  labelOf,
  hue,
  height = 96,
}: {
  moments: readonly Moment[];
  from: number;
  to: number;
  quota: number;
  quotaLabel: string;
  /** All of it, in words. */
  words: string;
  labelOf: (at: number) => string;
  hue: string;
  height?: number;
}) {
  const { token } = theme.useToken();
  const [box, width] = useWidth<HTMLDivElement>();
  const top = Math.max(quota, ...moments.map(({ value }) => value), 1) * 1.05;
  const room = height - TOP - BOTTOM;
  const x = (at: number) => ((at - from) / Math.max(1, to - from)) * width;
  const y = (value: number) => TOP + room * (1 - value / top);
  const path = stepped(moments, from, to, x, y);
  const middle = from + (to - from) / 2;
  return (
    <div ref={box}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={words} style={{ display: 'block' }}>
          <title>{words}</title>
          <path d={`${path} V${y(0)} H${x(from)} Z`} fill={hue} fillOpacity={0.25} />
          <path d={path} fill="none" stroke={hue} strokeWidth={1.5} />
          <line x1={0} x2={width} y1={y(0)} y2={y(0)} stroke={token.colorBorder} />
          <line
            x1={0}
            x2={width}
            y1={y(quota)}
            y2={y(quota)}
            stroke={token.colorTextSecondary}
            strokeDasharray="5 4"
          />
          <text x={width} y={y(quota) - 5} textAnchor="end" fontSize={11} fill={token.colorTextSecondary}>
            {quotaLabel}
          </text>
          {[from, middle, to].map((at, index) => (
            <text
              key={at}
              x={x(at)}
              y={height - 4}
              textAnchor={(['start', 'middle', 'end'] as const)[index]}
              fontSize={11}
              fill={token.colorTextSecondary}
            >
              {labelOf(at)}
            </text>
          ))}
        </svg>
      )}
    </div>
  );
}

const HOUR = 3_600_000;

/** The outline of what was taken: each hour as high as its most. */
function stepped(
  moments: readonly Moment[],
  from: number,
  to: number,
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  const taken = new Map(moments.map(({ at, value }) => [Math.floor(at / HOUR), value]));
  const outline = [`M${x(from)} ${y(0)}`];
  for (let hour = Math.floor(from / HOUR); hour * HOUR < to; hour += 1) {
    const value = taken.get(hour) ?? 0;
    const [start, end] = [Math.max(from, hour * HOUR), Math.min(to, (hour + 1) * HOUR)];
    outline.push(`L${x(start)} ${y(value)}`, `L${x(end)} ${y(value)}`);
  }
  return `${outline.join(' ')} L${x(to)} ${y(0)}`;
}
