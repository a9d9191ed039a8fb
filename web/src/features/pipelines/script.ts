import { type Document, isCollection, parseDocument } from 'yaml';

/*
 * A pipeline's document as text. The form edits the same text that the script shows, key by key, so that what it
 * does not know of stays as it is.
 */

export type Path = readonly (string | number)[];
/** A place under `migration`, and what stands there from now on; `undefined` takes it out. */
export type Edit = readonly [Path, unknown];

export interface Script {
  text: string;
  doc: Document;
  /** What stands under `migration`; empty where the text cannot be read. */
  migration: Record<string, unknown>;
  /** Why it cannot be read. */
  broken: string | null;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readScript(text: string): Script {
  const doc = parseDocument(text, { prettyErrors: false });
  const error = doc.errors[0];
  const whole: unknown = error ? null : doc.toJS();
  const migration = isMap(whole) && isMap(whole.migration) ? whole.migration : {};
  const broken = error?.message ?? (isMap(whole) && isMap(whole.migration) ? null : 'migration:');
  return { text, doc, migration, broken };
}

/** The text with these places changed; what stands around them stays as it was written. */
export function editScript(text: string, edits: readonly Edit[]): string {
  const { doc, broken } = readScript(text);
  if (broken !== null) return text;
  for (const [path, value] of edits) {
    const whole = ['migration', ...path];
    if (value === undefined) doc.deleteIn(whole);
    else {
      makeWay(doc, whole);
      doc.setIn(whole, doc.createNode(value));
    }
  }
  return doc.toString({ lineWidth: 0 });
}

/** Keys on the way that hold nothing yet become maps. */
function makeWay(doc: Document, path: Path): void {
  for (let depth = 1; depth < path.length; depth += 1) {
    const part = path.slice(0, depth);
    const held = doc.getIn(part, true);
    if (held !== undefined && !isCollection(held)) doc.setIn(part, doc.createNode({}));
  }
}

/** Whether two texts say the same. */
export function saysTheSame(one: string, other: string): boolean {
  if (one === other) return true;
  const [left, right] = [readScript(one), readScript(other)];
  if (left.broken !== null || right.broken !== null) return false;
  // What stands beside `migration` is said, too: the service tells what it is.
  return documentsAgree(left.doc.toJS(), right.doc.toJS());
}

/** Whether two documents say the same, in whatever order their keys stand. */
export function documentsAgree(one: unknown, other: unknown): boolean {
  return JSON.stringify(ordered(one ?? {})) === JSON.stringify(ordered(other ?? {}));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, ordered(value[key])]),
  );
}

export function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((here, step) => {
    if (Array.isArray(here) && typeof step === 'number') return here[step];
    return isMap(here) ? here[step] : undefined;
  }, value);
}

export function textAt(value: unknown, path: Path): string {
  const found = at(value, path);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : '';
}

export function numberAt(value: unknown, path: Path): number | null {
  const found = at(value, path);
  return typeof found === 'number' ? found : null;
}

export interface TableName {
  schema: string;
  table: string;
}

/** A reference to a table, as documents write it. */
export function readTable(reference: unknown): TableName | null {
  if (typeof reference === 'string') {
    const dot = reference.indexOf('.');
    return dot < 0
      ? { schema: '', table: reference }
      : { schema: reference.slice(0, dot), table: reference.slice(dot + 1) };
  }
  if (isMap(reference) && typeof reference.schema === 'string' && typeof reference.table === 'string') {
    return { schema: reference.schema, table: reference.table };
  }
  return null;
}

/** The same as documents write it: in one text where that can be read back. */
export function writeTable({ schema, table }: TableName): unknown {
  return schema.includes('.') || schema === '' ? { schema, table } : `${schema}.${table}`;
}

/** The table that a pipeline moves. */
export function tableOf(migration: Record<string, unknown>): TableName | null {
  return readTable(at(migration, ['tables', 'listed', 0]));
}

/** Where under `each` the exception for its table stands; where the next one would, if there is none. */
export function exceptionOf(migration: Record<string, unknown>): {
  index: number;
  value: Record<string, unknown>;
} {
  const table = tableOf(migration);
  const each = Array.isArray(migration.each) ? migration.each : [];
  const index = each.findIndex((one) => {
    const named = isMap(one) ? readTable(one.table) : null;
    return (
      named !== null &&
      table !== null &&
      named.table === table.table &&
      (named.schema === '' || named.schema === table.schema)
    );
  });
  const found: unknown = each[index];
  return isMap(found) ? { index, value: found } : { index: each.length, value: {} };
}

/** Edits for the exception of its table: made where there is none, taken out where nothing is left of it. */
export function exceptionEdits(migration: Record<string, unknown>, changes: Record<string, unknown>): Edit[] {
  const { index, value } = exceptionOf(migration);
  const isNew = Object.keys(value).length === 0;
  const left = Object.entries({ ...value, ...changes }).filter(
    ([key, one]) => key !== 'table' && one !== undefined && !(isMap(one) && Object.keys(one).length === 0),
  );
  const count = Array.isArray(migration.each) ? migration.each.length : 0;
  if (left.length === 0) {
    if (isNew) return [];
    return count === 1 ? [[['each'], undefined]] : [[['each', index], undefined]];
  }
  const next = { table: value.table ?? at(migration, ['tables', 'listed', 0]), ...Object.fromEntries(left) };
  return count === 0 ? [[['each'], [next]]] : [[['each', index], next]];
}
