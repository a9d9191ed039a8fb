import { memo, type ReactNode } from 'react';
import { shortCount } from '@/ui/format';
import { Identifier, visible } from '@/ui/Identifier';
import type { Row } from './selection';
import type { useTexts } from './texts';

type Say = ReturnType<typeof useTexts>;

/**
 * One table in a list of tables to be ticked. Plain elements, and texts handed down: many rows come into sight at
 * once where somebody scrolls fast.
 */
export const TickRow = memo(function TickRow({
  id,
  say,
  row,
  index,
  top,
  ticked,
  active,
  disabled,
  beside,
  open,
  onToggle,
  onOpen,
}: {
  id: string;
  say: Say;
  row: Row;
  index: number;
  top: number;
  ticked: boolean;
  active: boolean;
  disabled?: boolean;
  beside?: ReactNode;
  open?: ReactNode;
  onToggle: (index: number, range: boolean) => void;
  onOpen: (index: number) => void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are placed one by one
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={ticked}
      data-active={active}
      data-table={row.table}
      className="table-ticks-row"
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => onToggle(index, event.shiftKey)}
      onMouseDown={(event) => {
        // Shift would mark the text between.
        if (event.shiftKey) event.preventDefault();
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
      <div role="gridcell" style={{ display: 'flex' }}>
        <input
          type="checkbox"
          tabIndex={-1}
          checked={ticked}
          disabled={disabled}
          aria-label={say('tick', { name: visible(`${row.schema}.${row.table}`) })}
          readOnly
        />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
      <div role="gridcell" className="table-ticks-cell">
        <SourceName row={row} say={say} />
      </div>
      {beside !== undefined && (
        // biome-ignore lint/a11y/useSemanticElements: as above
        // biome-ignore lint/a11y/useFocusableInteractive: as above
        <div role="gridcell" className="table-ticks-cell">
          {beside}
        </div>
      )}
      {open !== undefined && (
        // biome-ignore lint/a11y/useSemanticElements: as above
        // biome-ignore lint/a11y/useFocusableInteractive: as above
        // biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the grid does the same
        <div
          role="gridcell"
          style={{ flex: 'none' }}
          onClick={(event) => {
            event.stopPropagation();
            onOpen(index);
          }}
        >
          {open}
        </div>
      )}
    </div>
  );
});

/** A source table's name, what it is where it is no plain table, and about how large it is. */
function SourceName({ row, say }: { row: Row; say: Say }) {
  const rows = row['estimated-rows'];
  return (
    <>
      <span className="table-ticks-name" title={row.comment ? visible(row.comment) : undefined}>
        {row.schema !== '' && (
          <span className="table-ticks-schema">
            <Identifier name={row.schema} />.
          </span>
        )}
        <Identifier name={row.table} />
      </span>
      {row.kind !== 'table' && <span className="table-ticks-tag">{row.kind}</span>}
      {row.missing && (
        <span className="table-ticks-tag" data-wrong>
          {say('missing')}
        </span>
      )}
      {rows !== null && <span className="table-ticks-size">{say('rows', { rows: shortCount(rows) })}</span>}
    </>
  );
}
