import type { Schemas } from '@/api/client';
import { keyOf, type Place, referenceOf, resolve, type TableId } from './reference';

export type TableException = Schemas['TableException'];
/** What is different for one table, without which table that is. */
export type Exception = Omit<TableException, 'table'>;

/** Exceptions by the key of their table. */
export function exceptionsByKey(
  each: readonly TableException[] | undefined,
  place: Place,
  having: (id: TableId) => boolean,
): Map<string, TableException> {
  return new Map((each ?? []).map((one) => [keyOf(resolve(one.table, place, having)), one]));
}

/** Without what says nothing; nothing where all of it says nothing. */
export function plainException(exception: Exception): Exception | undefined {
  const plain: Exception = {};
  const { filter, splits, columns } = exception;
  const [splitBy, updateBy] = [exception['split-by'], exception['update-by']];
  if (filter) plain.filter = filter;
  if (splitBy && splitBy.length > 0) plain['split-by'] = splitBy;
  if (splits) plain.splits = splits;
  if (updateBy && updateBy.length > 0) plain['update-by'] = updateBy;
  const choices = Object.entries(columns ?? {}).filter(
    ([, choice]) => choice.as || choice.charset || choice.skip,
  );
  if (choices.length > 0) plain.columns = Object.fromEntries(choices);
  return Object.keys(plain).length > 0 ? plain : undefined;
}

/** The list with another exception for a table, or without one. */
export function withException(
  each: readonly TableException[] | undefined,
  id: TableId,
  exception: Exception | undefined,
  place: Place,
  having: (id: TableId) => boolean,
): TableException[] | undefined {
  const list = [...(each ?? [])];
  const key = keyOf(id);
  const index = list.findIndex((one) => keyOf(resolve(one.table, place, having)) === key);
  const old = list[index];
  if (exception === undefined) {
    if (old) list.splice(index, 1);
  } else if (old) list[index] = { table: old.table, ...exception };
  else list.push({ table: referenceOf(id, place), ...exception });
  return list.length > 0 ? list : undefined;
}
