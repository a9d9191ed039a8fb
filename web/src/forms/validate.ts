import type { Schemas } from '@/api/client';
import { type Field, fieldOf, isObject, joined } from './fields';
import type { JsonSchema } from './schema';
import { useFormTexts } from './texts';

/** What is said of a field. */
export type FieldFinding = Pick<Schemas['Finding'], 'at' | 'message' | 'hint' | 'severity'>;

/** A stored secret, as the service shows it and takes it back. */
export const KEPT = { 'has-secret': true } as const;

export function isKept(value: unknown): boolean {
  return isObject(value) && (value['has-secret'] === true || value.kept === true);
}

/**
 * What is wrong with a value by its schema: what is required and not given, numbers out of their range, texts
 * that are too long. The service decides; this says it before it is asked.
 */
export function validate(
  schema: JsonSchema,
  value: unknown,
  leaveOut: readonly string[] = [],
): FieldFinding[] {
  const findings: FieldFinding[] = [];
  const field = fieldOf(schema, schema);
  if (field.kind === 'group') group(field.schema, value, '', { root: schema, findings }, leaveOut);
  else check(field, value, '', { root: schema, findings });
  return findings;
}

interface Checking {
  root: JsonSchema;
  findings: FieldFinding[];
}

function say(checking: Checking, at: string, message: string): void {
  checking.findings.push({ at, message, hint: null, severity: 'blocker' });
}

function group(
  schema: JsonSchema,
  value: unknown,
  path: string,
  checking: Checking,
  leaveOut: readonly string[] = [],
): void {
  const given = isObject(value) ? value : {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (leaveOut.includes(name)) continue;
    const at = joined(path, name);
    const field = fieldOf(property, checking.root);
    const one = given[name];
    if (one === undefined || one === null || one === '') {
      const needed = schema.required?.includes(name) && field.schema.default === undefined;
      if (needed && !(one === null && field.nullable)) say(checking, at, useFormTexts.now('needed'));
    } else {
      check(field, one, at, checking);
    }
  }
}

function check(field: Field, value: unknown, at: string, checking: Checking): void {
  const complain = (message: string) => say(checking, at, message);
  switch (field.kind) {
    case 'integer':
    case 'number':
      number(field, value, complain);
      return;
    case 'text':
    case 'lines':
      if (typeof value === 'string') text(field.schema, value, complain);
      return;
    case 'choice':
      if (!field.choices.some((one) => one.value === value)) {
        const values = field.choices.map((one) => String(one.value)).join(', ');
        complain(useFormTexts.now('noChoice', { value: String(value), values }));
      }
      return;
    case 'group':
      group(field.schema, value, at, checking);
      return;
    case 'union': {
      const variant = field.variants.find((one) => one.matches(value));
      if (variant) check(fieldOf(variant.schema, checking.root), value, at, checking);
      else complain(useFormTexts.now('noVariant'));
      return;
    }
    case 'items': {
      const item = fieldOf(field.item, checking.root);
      const items: unknown[] = Array.isArray(value) ? value : [];
      for (const [index, one] of items.entries()) check(item, one, joined(at, index), checking);
      return;
    }
    case 'map': {
      const of = fieldOf(field.of, checking.root);
      if (!isObject(value)) return;
      for (const [name, one] of Object.entries(value)) check(of, one, joined(at, name), checking);
      return;
    }
    default:
  }
}

function number(field: Field, value: unknown, complain: (message: string) => void): void {
  const wrong = wrongNumber(field, value);
  if (wrong !== undefined) complain(wrong);
}

function wrongNumber({ kind, schema }: Field, value: unknown): string | undefined {
  const say = useFormTexts.now;
  if (typeof value !== 'number' || Number.isNaN(value)) return say('noNumber');
  if (kind === 'integer' && !Number.isInteger(value)) return say('noInteger');
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return say('tooLarge');
  const { minimum, maximum } = schema;
  const low = minimum !== undefined && value < minimum;
  const high = maximum !== undefined && value > maximum;
  if (!low && !high) return undefined;
  if (minimum !== undefined && maximum !== undefined) return say('outOfRange', { minimum, maximum });
  return minimum !== undefined ? say('atLeast', { minimum }) : say('atMost', { maximum: maximum ?? 0 });
}

function text(schema: JsonSchema, value: string, complain: (message: string) => void): void {
  const length = [...value].length;
  const { minLength, maxLength, pattern } = schema;
  if (maxLength !== undefined && length > maxLength) {
    complain(useFormTexts.now('tooLong', { length, maximum: maxLength }));
  } else if (minLength !== undefined && length < minLength) {
    complain(useFormTexts.now('tooShort', { minimum: minLength }));
  } else if (pattern !== undefined && !matchesPattern(pattern, value)) {
    complain(useFormTexts.now('noMatch', { pattern }));
  }
}

function matchesPattern(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    // Not this language's way to write it: the service will say.
    return true;
  }
}
