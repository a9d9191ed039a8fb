import type { Schemas } from '@/api/client';
import { put, useDraft } from '../draft';
import { AdvancedSearch } from './AdvancedSearch';
import { type Exception, withException } from './exceptions';
import { NameRulesDialog } from './NameRulesDialog';
import { rulesFor, SCHEMA } from './naming';
import type { Place, TableId } from './reference';
import type { Row } from './selection';
import { TableDrawer } from './TableDrawer';
import type { Dialogs } from './useDialogs';
import type { Selection } from './useSelection';
import { schemasOf } from './useSourceTables';
import type { Validation } from './useValidation';
import { ValidationDialog } from './ValidationDialog';

/** The dialog that is open over the list, if one is. */
export function PickerDialogs({
  dialogs,
  source,
  place,
  selection,
  exceptions,
  having,
  validation,
  onReveal,
}: {
  dialogs: Dialogs;
  source: Schemas['DataSourceShown'];
  place: Place;
  selection: Selection;
  exceptions: ReadonlyMap<string, Schemas['TableException']>;
  having: (id: TableId) => boolean;
  validation: Validation | undefined;
  onReveal: (row: Row) => void;
}) {
  const { draft, change, mayEdit } = useDraft();
  const names = draft.names ?? {};
  const { kind, table, close, propose } = dialogs;
  if (kind === 'search') {
    return (
      <AdvancedSearch source={source.id} schemas={schemasOf(place)} selection={selection} onClose={close} />
    );
  }
  if (kind === 'rules') {
    return (
      <NameRulesDialog
        initial={dialogs.proposed ?? names}
        rows={selection.rows}
        source={source.id}
        onClose={close}
      />
    );
  }
  if (kind === 'validation' && validation) {
    const illegal = validation.illegal.map(({ row }) => row.table);
    const fixes = rulesFor(illegal);
    const ways = {
      onFix:
        fixes.length > 0
          ? () => propose({ ...names, 'table-rules': [...(names['table-rules'] ?? []), ...fixes] })
          : undefined,
      onConvert: () => propose({ ...names, illegal: 'convert' }),
      onPrefix: () => propose({ ...names, 'table-prefix': `${SCHEMA}_${names['table-prefix'] ?? ''}` }),
    };
    return (
      <ValidationDialog
        validation={validation}
        onShow={onReveal}
        onClose={close}
        {...(mayEdit ? ways : {})}
      />
    );
  }
  if (kind === 'table' && table) {
    const { table: _, ...initial }: Partial<Schemas['TableException']> = exceptions.get(table.key) ?? {};
    return (
      <TableDrawer
        key={table.key}
        table={{ schema: table.schema, table: table.table }}
        source={source.id}
        initial={initial}
        onApply={(exception: Exception | undefined) =>
          change((draft) => put(draft, ['each'], withException(draft.each, table, exception, place, having)))
        }
        onClose={close}
      />
    );
  }
  return null;
}
