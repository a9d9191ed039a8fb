import { theme } from 'antd';
import type { KeyboardEvent } from 'react';
import { count } from '@/ui/format';
import { niceCeiling, ticks } from './scale';
import { useWidth } from './useWidth';

export interface Column {
  key: string;
  /** Below the column. */
  label: string;
  /** All about it, in words. */
  words: string;
  /** From the bottom. */
  parts: readonly { key: string; value: number; hue: string }[];
  /** Above the column, where there is something to say. */
  mark?: string;
}

const TOP = 22;
const BOTTOM = 22;
const LEFT = 36;

/** Columns of parts, one for each day; each can be chosen, by keyboard too. */
export function StackedDays({
  columns,
  chosen,
  onChoose,
  label,
  height = 200,
}: {
  columns: readonly Column[];
  chosen?: string;
  onChoose: (key: string) => void;
  label: string;
  height?: number;
}) {
  const { token } = theme.useToken();
  const [box, width] = useWidth<HTMLDivElement>();
  const sum = ({ parts }: Column) => parts.reduce((all, { value }) => all + value, 0);
  const top = niceCeiling(Math.max(1, ...columns.map(sum)));
  const room = height - TOP - BOTTOM;
  const y = (value: number) => TOP + room * (1 - value / top);
  const step = (width - LEFT) / Math.max(1, columns.length);
  const breadth = Math.min(44, step * 0.7);
  const isNarrow = step < 44;
  return (
    <div ref={box}>
      {width > 0 && (
        // biome-ignore lint/a11y/useSemanticElements: what is drawn cannot stand in a fieldset
        <svg width={width} height={height} role="group" aria-label={label} style={{ display: 'block' }}>
          {ticks(top).map((tick) => (
            <g key={tick} aria-hidden>
              <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} stroke={token.colorBorderSecondary} />
              <text
                x={LEFT - 6}
                y={y(tick) + 4}
                textAnchor="end"
                fontSize={11}
                fill={token.colorTextSecondary}
              >
                {count(tick)}
              </text>
            </g>
          ))}
          {columns.map((column, index) => (
            <DayColumn
              key={column.key}
              column={column}
              x={LEFT + index * step}
              step={step}
              breadth={breadth}
              y={y}
              height={height}
              isLabelled={!isNarrow || index % 2 === columns.length % 2}
              isChosen={column.key === chosen}
              onChoose={() => onChoose(column.key)}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

function DayColumn({
  column,
  x,
  step,
  breadth,
  y,
  height,
  isLabelled,
  isChosen,
  onChoose,
}: {
  column: Column;
  x: number;
  step: number;
  breadth: number;
  y: (value: number) => number;
  height: number;
  isLabelled: boolean;
  isChosen: boolean;
  onChoose: () => void;
}) {
  const { token } = theme.useToken();
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    onChoose();
  };
  let below = 0;
  const drawn = column.parts.map((part) => {
    const from = below;
    below += part.value;
    return { ...part, top: y(below), bottom: y(from) };
  });
  const middle = x + step / 2;
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: there is no button inside of a drawing */}
      <g
        role="button"
        tabIndex={0}
        aria-pressed={isChosen}
        aria-label={column.words}
        onClick={onChoose}
        onKeyDown={onKeyDown}
        style={{ cursor: 'pointer' }}
      >
        <title>{column.words}</title>
        <rect
          x={x}
          y={0}
          width={step}
          height={height}
          fill={isChosen ? token.colorFillTertiary : 'transparent'}
          rx={4}
        />
        {drawn.map(({ key, top, bottom, hue }) => (
          <rect
            key={key}
            x={middle - breadth / 2}
            width={breadth}
            y={top}
            height={Math.max(0, bottom - top)}
            fill={hue}
          />
        ))}
        {isLabelled && (
          <text
            x={middle}
            y={height - 6}
            textAnchor="middle"
            fontSize={11}
            fontWeight={isChosen ? 600 : 400}
            fill={isChosen ? token.colorText : token.colorTextSecondary}
            aria-hidden
          >
            {column.label}
          </text>
        )}
      </g>
      {column.mark && (
        <text
          x={middle}
          y={y(below) - 6}
          textAnchor="middle"
          fontSize={12}
          fontWeight={600}
          fill={token.colorErrorText}
          aria-hidden
          pointerEvents="none"
        >
          {column.mark}
        </text>
      )}
    </>
  );
}
