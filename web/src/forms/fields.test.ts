import { describe, expect, it } from 'vitest';
import { fieldOf, propertiesOf } from './fields';
import type { JsonSchema } from './schema';

const root: JsonSchema = {
  $defs: {
    Secret: { type: 'string', format: 'password', writeOnly: true },
    Mode: { oneOf: [{ const: 'a', description: 'First.' }, { const: 'b' }], description: 'Which.' },
    Filters: { type: 'object', properties: { daily: { type: 'string' } } },
    NoFilter: { oneOf: [{ const: 'none' }] },
  },
};

const kindOf = (schema: JsonSchema) => fieldOf(schema, root).kind;

describe('fieldOf', () => {
  it.each<[JsonSchema, string]>([
    [{ type: 'string' }, 'text'],
    [{ type: ['string', 'null'] }, 'text'],
    [{ type: ['string', 'number', 'boolean'] }, 'text'],
    [{ type: 'string', format: 'multiline' }, 'lines'],
    [{ type: 'integer' }, 'integer'],
    [{ type: ['integer', 'null'] }, 'integer'],
    [{ type: 'number' }, 'number'],
    [{ type: 'boolean' }, 'boolean'],
    [{ enum: ['x', 'y'] }, 'choice'],
    [{ $ref: '#/$defs/Mode' }, 'choice'],
    [{ anyOf: [{ $ref: '#/$defs/Mode' }, { type: 'null' }] }, 'choice'],
    [{ anyOf: [{ $ref: '#/$defs/Secret' }, { type: 'null' }] }, 'secret'],
    [{ type: 'array', items: { type: 'string' } }, 'texts'],
    [{ anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }, 'texts'],
    [{ type: 'array', items: { type: 'object', properties: {} } }, 'items'],
    [{ type: 'object', additionalProperties: { type: 'string' } }, 'map'],
    [{ $ref: '#/$defs/Filters' }, 'group'],
    [{ anyOf: [{ $ref: '#/$defs/Filters' }, { $ref: '#/$defs/NoFilter' }] }, 'union'],
    [{ description: 'Anything.' }, 'json'],
  ])('takes %j for %s', (schema, kind) => {
    expect(kindOf(schema)).toBe(kind);
  });

  it('knows what may be null', () => {
    expect(fieldOf({ anyOf: [{ $ref: '#/$defs/Mode' }, { type: 'null' }] }, root).nullable).toBe(true);
    expect(fieldOf({ $ref: '#/$defs/Mode' }, root).nullable).toBe(false);
  });

  it('prefers the words of the place to those of what it refers to', () => {
    expect(fieldOf({ $ref: '#/$defs/Mode', description: 'Here.' }, root).schema.description).toBe('Here.');
    expect(fieldOf({ $ref: '#/$defs/Mode' }, root).schema.description).toBe('Which.');
  });

  it('tells tagged shapes apart and carries over what they share', () => {
    const shape = (type: string, more: string): JsonSchema => ({
      type: 'object',
      title: type.toUpperCase(),
      properties: { type: { const: type }, path: { type: 'string' }, [more]: { type: 'string' } },
    });
    const field = fieldOf({ oneOf: [shape('a', 'x'), shape('b', 'y')] }, {});
    if (field.kind !== 'union') throw new Error(field.kind);
    const [first, second] = field.variants;
    expect([first?.label, first?.tag]).toEqual(['A', 'type']);
    expect(second?.matches({ type: 'b' })).toBe(true);
    expect(second?.begin({ type: 'a', path: 'p', x: '1' })).toEqual({ type: 'b', path: 'p' });
  });

  it('tells shapes with one key apart', () => {
    const shape = (key: string): JsonSchema => ({
      type: 'object',
      properties: { [key]: { type: 'string' } },
      required: [key],
    });
    const field = fieldOf({ oneOf: [shape('task'), shape('virtual')] }, {});
    if (field.kind !== 'union') throw new Error(field.kind);
    expect(field.variants.map((one) => one.matches({ virtual: 'x' }))).toEqual([false, true]);
    expect(field.variants[0]?.begin({ virtual: 'x' })).toEqual({ task: '' });
  });
});

describe('propertiesOf', () => {
  it('begins with what everybody gives', () => {
    const properties = { 'connect-timeout': {}, user: {}, host: {}, password: {}, zone: {} };
    const names = propertiesOf({ properties, required: ['host', 'zone'] }).map(([name]) => name);
    expect(names).toEqual(['host', 'user', 'password', 'zone', 'connect-timeout']);
  });

  it('leaves out what is asked for elsewhere', () => {
    expect(propertiesOf({ properties: { a: {}, b: {} } }, ['a']).map(([name]) => name)).toEqual(['b']);
  });
});
