/** One field that an audit line says was changed, or one thing that it says. */
export interface Change {
  field: string;
  before: string | null;
  after: string | null;
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As a person reads it: plain words without quotes, lists with commas, the rest as JSON. */
export function written(value: unknown): string | null {
  if (value == null) return null;
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value, null, 1) : String(value);
}

/** What differs between two values, each leaf by its path. */
function differences(field: string, before: unknown, after: unknown): Change[] {
  if (isFields(before) || isFields(after)) {
    const [old, young] = [isFields(before) ? before : {}, isFields(after) ? after : {}];
    const keys = [...new Set([...Object.keys(old), ...Object.keys(young)])];
    if (keys.length > 0 && (before == null || isFields(before)) && (after == null || isFields(after))) {
      return keys.flatMap((key) => differences(`${field}.${key}`, old[key], young[key]));
    }
  }
  const change = { field, before: written(before), after: written(after) };
  return change.before === change.after ? [] : [change];
}

/** The changes that a line's detail tells of: `{"changes": {"field": [before, after]}}`. */
export function changesOf(detail: unknown): Change[] {
  if (!isFields(detail) || !isFields(detail.changes)) return [];
  return Object.entries(detail.changes).flatMap(([field, pair]) =>
    Array.isArray(pair)
      ? differences(field, pair[0], pair[1])
      : [{ field, before: null, after: written(pair) }],
  );
}

/** What else a line says. */
export function factsOf(detail: unknown): [string, unknown][] {
  if (!isFields(detail)) return detail == null ? [] : [['', detail]];
  return Object.entries(detail).filter(([key]) => key !== 'changes');
}

const ID = /\b[0-9a-f]{32}\b/g;

/** The text with the names of what is known in place of its ids. */
export function withNames(text: string, names: Record<string, string>): string {
  return text.replace(ID, (id) => names[id] ?? id);
}
