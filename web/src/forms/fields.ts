import type { JsonSchema } from './schema';

/** One thing to choose, and what it means. */
export interface Choice {
  value: unknown;
  label: string;
  description?: string;
}

/** One of the shapes that a value may have. */
export interface Variant {
  key: string;
  label: string;
  description?: string;
  schema: JsonSchema;
  /** The property that tells this shape from the others; the form does not ask for it. */
  tag?: string;
  matches: (value: unknown) => boolean;
  /** The value with which this shape begins, in place of another one. */
  begin: (before: unknown) => unknown;
}

interface Common {
  /** With what it refers to; its own title, description and default go first. */
  schema: JsonSchema;
  nullable: boolean;
}

/** What a schema is to a form. */
export type Field = Common &
  (
    | { kind: 'secret' | 'text' | 'lines' | 'integer' | 'number' | 'boolean' | 'json' }
    | { kind: 'choice'; choices: Choice[] }
    | { kind: 'union'; variants: Variant[] }
    | { kind: 'group' }
    | { kind: 'texts'; choices: Choice[] }
    | { kind: 'items'; item: JsonSchema }
    | { kind: 'map'; of: JsonSchema }
  );

export type FieldOf<K extends Field['kind']> = Extract<Field, { kind: K }>;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema with what it refers to. */
export function expanded(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema {
  const name = schema.$ref?.match(/^#\/\$defs\/(.+)$/)?.[1];
  if (name === undefined || depth > 16) return schema;
  const { $ref: _, ...own } = schema;
  const target = root.$defs?.[name.replaceAll('~1', '/').replaceAll('~0', '~')] ?? {};
  return { ...expanded(target, root, depth + 1), ...own };
}

const isNull = (schema: JsonSchema) => schema.type === 'null' || schema.const === null;

function types(schema: JsonSchema): string[] {
  if (schema.type === undefined) return [];
  return Array.isArray(schema.type) ? schema.type : [schema.type];
}

/** What kind of field a schema is; `root` has its `$defs`. */
export function fieldOf(given: JsonSchema, root: JsonSchema): Field {
  const schema = expanded(given, root);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return ofAlternatives(schema, alternatives, root);
  const kinds = types(schema).filter((type) => type !== 'null');
  const common = { schema, nullable: types(schema).includes('null') };
  if (schema.enum) {
    const choices = schema.enum.filter((one) => one !== null).map((value) => choice({ const: value }));
    return { ...common, nullable: common.nullable || schema.enum.includes(null), kind: 'choice', choices };
  }
  if (schema.const !== undefined) return { ...common, kind: 'choice', choices: [choice(schema)] };
  // A parameter may be a number or a boolean; as a text it means the same.
  const kind = kinds.includes('string') ? 'string' : kinds[0];
  switch (kind) {
    case 'string':
      return { ...common, kind: ofText(schema) };
    case 'integer':
    case 'number':
    case 'boolean':
      return { ...common, kind };
    case 'array':
      return { ...common, ...ofList(schema, root) };
    case 'object':
      if (schema.properties) return { ...common, kind: 'group' };
      if (isObject(schema.additionalProperties)) {
        return { ...common, kind: 'map', of: schema.additionalProperties };
      }
      return { ...common, kind: schema.additionalProperties === false ? 'group' : 'json' };
    default:
      return { ...common, kind: schema.properties ? 'group' : 'json' };
  }
}

function ofText(schema: JsonSchema): 'secret' | 'text' | 'lines' {
  if (schema.format === 'password' || schema.writeOnly) return 'secret';
  return schema.format === 'multiline' || (schema.maxLength ?? 0) > 1000 ? 'lines' : 'text';
}

function ofList(
  schema: JsonSchema,
  root: JsonSchema,
): { kind: 'texts'; choices: Choice[] } | { kind: 'items'; item: JsonSchema } | { kind: 'json' } {
  if (!schema.items) return { kind: 'json' };
  const item = fieldOf(schema.items, root);
  if (item.kind === 'text') return { kind: 'texts', choices: [] };
  if (item.kind === 'choice') return { kind: 'texts', choices: item.choices };
  return { kind: 'items', item: schema.items };
}

function choice({ const: value, title, description }: JsonSchema): Choice {
  return { value, label: title ?? String(value), description };
}

function ofAlternatives(schema: JsonSchema, given: JsonSchema[], root: JsonSchema): Field {
  const { anyOf: _, oneOf: __, ...own } = schema;
  const all = given.map((one) => expanded(one, root));
  const left = all.filter((one) => !isNull(one));
  const nullable = left.length < all.length;
  const [only] = left;
  if (only && left.length === 1 && only.const === undefined) {
    const field = fieldOf({ ...only, ...own }, root);
    return { ...field, nullable: nullable || field.nullable };
  }
  const fields = left.map((one) => fieldOf(one, root));
  const choices = fields.flatMap((field) => (field.kind === 'choice' ? field.choices : []));
  if (fields.every((field) => field.kind === 'choice')) {
    const first = (one: Choice, at: number) => choices.findIndex(({ value }) => value === one.value) === at;
    return { schema: own, nullable, kind: 'choice', choices: choices.filter(first) };
  }
  const kinds = new Set(fields.map((field) => field.kind));
  if (kinds.size === 1 && (kinds.has('integer') || kinds.has('number') || kinds.has('text'))) {
    return { ...fieldOf({ ...only, minimum: undefined, maximum: undefined, ...own }, root), nullable };
  }
  // One name, or several.
  if (kinds.size === 2 && kinds.has('text') && kinds.has('texts')) {
    return { schema: own, nullable, kind: 'texts', choices: [] };
  }
  return { schema: own, nullable, kind: 'union', variants: variantsOf(left, own, root) };
}

function variantsOf(shapes: JsonSchema[], own: JsonSchema, root: JsonSchema): Variant[] {
  const tag = commonTag(shapes);
  return shapes.map((shape, at) => {
    // What all shapes have stands beside them.
    const schema = own.properties
      ? { ...shape, properties: { ...own.properties, ...shape.properties } }
      : shape;
    const described = { description: shape.description, schema };
    if (tag !== undefined) {
      const word = shape.properties?.[tag]?.const;
      return {
        ...described,
        key: String(word),
        label: shape.title ?? String(word),
        tag,
        matches: (value) => isObject(value) && value[tag] === word,
        begin: (before) => ({ ...sharedWith(schema, before), [tag]: word }),
      };
    }
    const key = onlyKey(shape);
    if (key !== undefined) {
      return {
        ...described,
        key,
        label: shape.title ?? nameOf(key),
        matches: (value) => isObject(value) && key in value,
        begin: () => ({ [key]: '' }),
      };
    }
    const field = fieldOf(schema, root);
    return {
      ...described,
      key: String(at),
      label: shape.title ?? shape.description ?? field.kind,
      matches: (value) => fits(field, value),
      begin: () => beginning(field),
    };
  });
}

/** The property that has another fixed word in each shape. */
function commonTag(shapes: JsonSchema[]): string | undefined {
  const names = Object.keys(shapes[0]?.properties ?? {});
  return names.find((name) => shapes.every((shape) => shape.properties?.[name]?.const !== undefined));
}

function onlyKey(shape: JsonSchema): string | undefined {
  const names = Object.keys(shape.properties ?? {});
  return names.length === 1 && shape.required?.includes(names[0] ?? '') ? names[0] : undefined;
}

function sharedWith(schema: JsonSchema, before: unknown): Record<string, unknown> {
  if (!isObject(before)) return {};
  return Object.fromEntries(Object.entries(before).filter(([name]) => schema.properties?.[name]));
}

/** Whether a value has the kind of a field. */
export function fits(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case 'choice':
      return field.choices.some((one) => one.value === value);
    case 'union':
      return field.variants.some((one) => one.matches(value));
    case 'group':
    case 'map':
      return isObject(value);
    case 'texts':
    case 'items':
      return Array.isArray(value);
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'json':
      return value !== undefined;
    default:
      return typeof value === 'string';
  }
}

/** What a value of this kind begins as. */
export function beginning(field: Field): unknown {
  switch (field.kind) {
    case 'choice':
      return field.choices[0]?.value;
    case 'union':
      return field.variants[0]?.begin(undefined);
    case 'group':
    case 'map':
      return {};
    case 'texts':
    case 'items':
      return [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return field.schema.minimum ?? 0;
    default:
      return '';
  }
}

/** `connect-timeout` as a title, where the schema gives none. */
export function nameOf(key: string): string {
  const words = key.replaceAll(/[-_]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const USUAL = [
  'type',
  'name',
  'host',
  'port',
  'socket',
  'path',
  'database',
  'user',
  'password',
  'tls',
  'mode',
];

/** The properties of a group: those that everybody gives first. */
export function propertiesOf(schema: JsonSchema, leaveOut: readonly string[] = []): [string, JsonSchema][] {
  const rank = (name: string) => {
    const usual = USUAL.indexOf(name);
    if (usual >= 0) return usual;
    return USUAL.length + (schema.required?.includes(name) ? 0 : 1);
  };
  const all = Object.entries(schema.properties ?? {}).filter(([name]) => !leaveOut.includes(name));
  return all.sort(([one], [other]) => rank(one) - rank(other));
}

/** Whether most people leave a property at its default. */
export function isRare(name: string, schema: JsonSchema): boolean {
  return !USUAL.includes(name) && !schema.required?.includes(name);
}

export function joined(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
