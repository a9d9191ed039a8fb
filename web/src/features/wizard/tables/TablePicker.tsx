import { Alert, Flex, Typography } from 'antd';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Schemas } from '@/api/client';
import { useMayHere } from '@/app/project';
import { count } from '@/ui/format';
import { visible } from '@/ui/Identifier';
import { Problem } from '@/ui/Problem';
import { useDraft } from '../draft';
import { exceptionsByKey } from './exceptions';
import { NothingShown } from './NothingShown';
import { PickerDialogs } from './PickerDialogs';
import { keyOf, type Place } from './reference';
import type { Row } from './selection';
import { TargetCell } from './TargetCell';
import { TickList } from './TickList';
import { Toolbar } from './Toolbar';
import { useTexts } from './texts';
import { useDialogs } from './useDialogs';
import type { Selection } from './useSelection';
import { useShown } from './useShown';
import type { SourceTables } from './useSourceTables';
import { blocksOf, useTargets } from './useTargets';
import { useValidation } from './useValidation';

/** As many rows as there are tables, within reason; what is filtered does not make the page jump. */
const ROWS = { least: 8, most: 13.5 };
const ROW = 34;
const NOBODY: readonly string[] = [];

/** The list of source tables, what each becomes, and the dialogs about them. */
export function TablePicker({
  source,
  tables,
  selection,
  place,
  onFaulty,
}: {
  source: Schemas['DataSourceShown'];
  tables: SourceTables;
  selection: Selection;
  place: Place;
  /** Told whether a selected table is not there, or has a name that the target cannot have, or shares. */
  onFaulty: (isFaulty: boolean) => void;
}) {
  const say = useTexts();
  const { draft, name, mayEdit } = useDraft();
  const mayAsk = useMayHere()('use-data-sources');
  const view = useShown(tables, selection);
  const [blocks, setBlocks] = useState<readonly number[]>([0]);
  const onSight = useCallback(
    (first: number, last: number) =>
      setBlocks((old) => {
        const next = blocksOf(first, last);
        return next.join() === old.join() ? old : next;
      }),
    [],
  );
  const { target, colliding, limits, rules, isKnown, local } = useTargets(view.rows, blocks, selection.rows);
  const isFaulty = useMemo(
    () =>
      selection.rows.some((row) => row.missing) ||
      (isKnown && (colliding.size > 0 || selection.rows.some((row) => local(row).fault !== undefined))),
    [isKnown, colliding, selection.rows, local],
  );
  useEffect(() => onFaulty(isFaulty), [onFaulty, isFaulty]);
  useEffect(() => () => onFaulty(false), [onFaulty]);
  const validation = useValidation(local);
  const dialogs = useDialogs();
  const having = useCallback(
    (id: { schema: string; table: string }) => tables.byKey.has(keyOf(id)),
    [tables.byKey],
  );
  const exceptions = useMemo(() => exceptionsByKey(draft.each, place, having), [draft.each, place, having]);
  const existing = validation.data?.existing;

  const cell = (row: Row, ticked: boolean) =>
    isKnown && (
      <TargetCell
        say={say}
        target={target(row)}
        others={(colliding.get(row.key) ?? NOBODY).filter((key) => key !== row.key)}
        ticked={ticked}
        exists={ticked && existing?.has(target(row).name) === true}
        longest={limits.longest}
      />
    );
  const namespace = draft.destination?.namespace || name;
  return (
    <Flex vertical gap={8} data-at="migration.each">
      <Toolbar
        shown={view.shown}
        onShown={view.setShown}
        counts={view.counts}
        find={view.find}
        onFind={view.setFind}
        hasRules={Object.keys(rules).length > 0}
        onAdvanced={() => dialogs.open('search')}
        onRules={() => dialogs.open('rules')}
        onValidate={() => validation.mutate(selection.rows, { onSuccess: () => dialogs.open('validation') })}
        mayEdit={mayEdit}
        mayValidate={mayAsk && isKnown && selection.keys.size > 0}
        isValidating={validation.isPending}
      />
      <Problem error={validation.error} />
      {tables.isCut && (
        <Alert type="info" showIcon title={say('cut', { shown: count(tables.rows.length) })} />
      )}
      <div style={{ position: 'relative' }} data-at="migration.names">
        <TickList
          rows={view.rows}
          ticked={selection.keys}
          onTick={selection.tick}
          label={say('source')}
          height={Math.min(ROWS.most, Math.max(ROWS.least, tables.rows.length + 1)) * ROW + 2}
          headers={[say('source'), isKnown ? say('targetIn', { namespace }) : say('target')]}
          cell={cell}
          open={(row) => <OpenSettings say={say} row={row} isSet={exceptions.has(row.key)} />}
          onOpen={dialogs.openTable}
          onSight={onSight}
          disabled={!mayEdit || selection.way !== 'listed'}
          reveal={dialogs.revealed}
        />
        {view.rows.length === 0 && <NothingShown view={view} />}
      </div>
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {!isKnown && `${say('chooseTarget')} `}
        {mayEdit && selection.way === 'listed' && say('keys')}
      </Typography.Text>
      <PickerDialogs
        dialogs={dialogs}
        source={source}
        place={place}
        selection={selection}
        exceptions={exceptions}
        having={having}
        validation={validation.data}
        onReveal={(row) => {
          view.showAll();
          dialogs.reveal(row.key);
        }}
      />
    </Flex>
  );
}

/** The sign that a table can be opened; the list has its keys. */
function OpenSettings({ say, row, isSet }: { say: ReturnType<typeof useTexts>; row: Row; isSet: boolean }) {
  const label = say('settings', { name: visible(row.table) });
  return (
    <span className="table-ticks-open" data-set={isSet}>
      <button
        type="button"
        tabIndex={-1}
        aria-label={isSet ? `${label}, ${say('hasSettings')}` : label}
        title={isSet ? `${label}, ${say('hasSettings')}` : label}
      >
        {isSet ? '✱' : '⋯'}
      </button>
    </span>
  );
}
