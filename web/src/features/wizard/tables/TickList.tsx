import { useVirtualizer } from '@tanstack/react-virtual';
import { theme } from 'antd';
import {
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Row } from './selection';
import { TickRow } from './TickRow';
import { useTexts } from './texts';
import './tables.css';

const ROW_HEIGHT = 34;
const OVERSCAN = 8;

/**
 * Tables to be ticked, as many as there are: rows are made as they come into sight. One stop of the Tab key;
 * arrows move in it, Space ticks, Shift takes what lies between, Ctrl+A takes all, Enter opens.
 */
export function TickList({
  rows,
  ticked,
  onTick,
  label,
  height,
  headers,
  cell,
  open,
  onOpen,
  onSight,
  disabled,
  reveal,
}: {
  rows: readonly Row[];
  ticked: ReadonlySet<string>;
  onTick: (rows: readonly Row[], on: boolean) => void;
  label: string;
  height: number;
  headers: readonly string[];
  /** What stands beside the table's name. */
  cell?: (row: Row, ticked: boolean) => ReactNode;
  /** What opens a table, as its button; `onOpen` does it. */
  open?: (row: Row) => ReactNode;
  onOpen?: (row: Row) => void;
  /** The first and the last row in sight. */
  onSight?: (first: number, last: number) => void;
  disabled?: boolean;
  /** A table to show. */
  reveal?: { key: string };
}) {
  const say = useTexts();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const anchor = useRef<{ index: number; on: boolean } | null>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollPaddingStart: ROW_HEIGHT,
    useFlushSync: false,
  });
  const items = virtualizer.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onSight?.(first, last), [onSight, first, last]);

  const latest = useRef({ rows, ticked, onTick, onOpen, disabled });
  latest.current = { rows, ticked, onTick, onOpen, disabled };
  const revealed = useRef<{ key: string }>(undefined);
  const current = Math.min(active, Math.max(rows.length - 1, 0));

  const toggle = useCallback((index: number, range: boolean) => {
    const { rows, ticked, onTick, disabled } = latest.current;
    const row = rows[index];
    if (!row || disabled) return;
    setActive(index);
    if (range && anchor.current) {
      onTick(between(rows, anchor.current.index, index), anchor.current.on);
      return;
    }
    const on = !ticked.has(row.key);
    anchor.current = { index, on };
    onTick([row], on);
  }, []);
  const opened = useCallback((index: number) => {
    const row = latest.current.rows[index];
    setActive(index);
    if (row) latest.current.onOpen?.(row);
  }, []);

  const move = (to: number, extend: boolean) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    if (extend && !disabled) {
      anchor.current ??= { index: current, on: true };
      onTick(between(rows, anchor.current.index, index), anchor.current.on);
    } else if (!extend) anchor.current = null;
    setActive(index);
    virtualizer.scrollToIndex(index);
  };
  const allTicked = useMemo(() => rows.every((row) => ticked.has(row.key)), [rows, ticked]);
  const someTicked = useMemo(
    () => allTicked || rows.some((row) => ticked.has(row.key)),
    [rows, ticked, allTicked],
  );
  const toggleAll = () => {
    if (!disabled && rows.length > 0) onTick(rows, !allTicked);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 2);
    const steps: Record<string, number> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) move(to, event.shiftKey);
    else if (event.key === ' ') toggle(current, event.shiftKey);
    else if (event.key === 'Enter' && onOpen && !(event.ctrlKey || event.metaKey || event.altKey))
      opened(current);
    else if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey)) toggleAll();
    else return;
    event.preventDefault();
  };

  useEffect(() => {
    if (reveal === undefined || revealed.current === reveal) return;
    const index = rows.findIndex((row) => row.key === reveal.key);
    // It may come into the list a little later, when filters are off.
    if (index < 0) return;
    revealed.current = reveal;
    setActive(index);
    virtualizer.scrollToIndex(index, { align: 'center' });
    scroller.current?.focus({ preventScroll: true });
  }, [reveal, rows, virtualizer]);

  const rowId = (index: number) => `${id}-${index}`;
  const isActiveMade = items.some((item) => item.index === current);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table of this many rows cannot be one of the page's own
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-multiselectable
      aria-readonly={disabled}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={isActiveMade && rows.length > 0 ? rowId(current) : undefined}
      tabIndex={0}
      className="table-ticks"
      style={{ height, ...useColours() }}
      onKeyDown={onKeyDown}
    >
      <Head
        headers={headers}
        state={allTicked && rows.length > 0 ? true : someTicked && rows.length > 0 ? 'some' : false}
        label={say('tickShown')}
        disabled={disabled || rows.length === 0}
        onToggle={toggleAll}
        opens={open !== undefined}
      />
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const isTicked = ticked.has(row.key);
          return (
            <TickRow
              key={row.key}
              id={rowId(item.index)}
              say={say}
              row={row}
              index={item.index}
              top={item.start}
              ticked={isTicked}
              active={item.index === current}
              disabled={disabled}
              beside={cell?.(row, isTicked)}
              open={open?.(row)}
              onToggle={toggle}
              onOpen={opened}
            />
          );
        })}
      </div>
    </div>
  );
}

function between(rows: readonly Row[], one: number, other: number): readonly Row[] {
  return rows.slice(Math.min(one, other), Math.max(one, other) + 1);
}

function useColours(): CSSProperties {
  const { token } = theme.useToken();
  return {
    '--ticks-border': token.colorBorder,
    '--ticks-line': token.colorSplit,
    '--ticks-ground': token.colorBgContainer,
    '--ticks-head': token.colorBgLayout,
    '--ticks-hover': token.colorFillTertiary,
    '--ticks-primary': token.colorPrimary,
    '--ticks-quiet': token.colorTextTertiary,
    '--ticks-wrong': token.red8,
  } as CSSProperties;
}

function Head({
  headers,
  state,
  label,
  disabled,
  onToggle,
  opens,
}: {
  headers: readonly string[];
  state: boolean | 'some';
  label: string;
  disabled?: boolean;
  onToggle: () => void;
  opens: boolean;
}) {
  const set = useCallback(
    (box: HTMLInputElement | null) => {
      if (box) box.indeterminate = state === 'some';
    },
    [state],
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
    <div
      role="row"
      aria-rowindex={1}
      className="table-ticks-row table-ticks-head"
      style={{ position: 'sticky' }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus */}
      <div role="columnheader" style={{ display: 'flex' }}>
        <input
          ref={set}
          type="checkbox"
          checked={state === true}
          disabled={disabled}
          aria-label={label}
          onChange={onToggle}
        />
      </div>
      {headers.map((header) => (
        // biome-ignore lint/a11y/useSemanticElements: as above
        // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
        <div key={header} role="columnheader" className="table-ticks-cell">
          {header}
        </div>
      ))}
      {opens && <span style={{ width: 28 }} />}
    </div>
  );
}
