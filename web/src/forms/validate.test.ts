import { beforeAll, describe, expect, it } from 'vitest';
import { setLanguage } from '@/ui/texts';
import type { JsonSchema } from './schema';
import { validate } from './validate';

const schema: JsonSchema = {
  type: 'object',
  $defs: { Tls: { type: 'object', properties: { ca: { type: 'string' } }, required: ['ca'] } },
  properties: {
    host: { type: 'string' },
    port: { type: 'integer', minimum: 1, maximum: 65535, default: 5432 },
    size: { type: 'integer', minimum: 0 },
    share: { type: 'number', maximum: 1 },
    mode: { oneOf: [{ const: 'a' }, { const: 'b' }] },
    tls: { $ref: '#/$defs/Tls' },
    password: { type: 'string', format: 'password', writeOnly: true, pattern: '^\\$\\{.+\\}$' },
    items: { type: 'array', items: { $ref: '#/$defs/Tls' } },
    limits: { type: 'object', additionalProperties: { type: 'integer', maximum: 3 } },
  },
  required: ['host', 'port'],
};

const said = (value: Record<string, unknown>) =>
  validate(schema, { host: 'h', ...value }).map(({ at, message }) => `${at}: ${message}`);

describe('validate', () => {
  beforeAll(() => setLanguage('en'));

  it('asks for what is required and has no default', () => {
    expect(validate(schema, {}).map(({ at }) => at)).toEqual(['host']);
    expect(validate(schema, {}, ['host'])).toEqual([]);
    expect(said({})).toEqual([]);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ port: 0 }, 'port: Give 1 to 65535.'],
    [{ size: -1 }, 'size: Give at least 0.'],
    [{ share: 1.5 }, 'share: Give at most 1.'],
    [{ size: 1.5 }, 'size: This must be a whole number.'],
    [{ size: 2 ** 60 }, 'size: This number is too large to be written here exactly; write it in the script.'],
    [{ size: 'x' }, 'size: This is no number.'],
    [{ mode: 'c' }, 'mode: c is none of a, b.'],
    [{ tls: {} }, 'tls.ca: Needed.'],
    [{ items: [{ ca: 'x' }, {}] }, 'items[1].ca: Needed.'],
    [{ limits: { a: 4 } }, 'limits.a: Give at most 3.'],
  ])('refuses %j', (value, message) => {
    expect(said(value)).toEqual([message]);
  });

  it('takes a secret as it is: the form of its place is no matter here', () => {
    expect(said({ password: 'hunter2' })).toEqual([]);
    expect(said({ password: { 'has-secret': true } })).toEqual([]);
  });
});
