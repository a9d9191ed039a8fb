import { describe, expect, it } from 'vitest';
import type { Schemas } from '@/api/client';
import type { Connector } from '@/forms/connectors';
import { globToRegExp, matcher } from './glob';
import { keyOf, type Place, placeOf, referenceOf, resolve } from './reference';
import { termsOf } from './searching';
import { chosen, type Row, withoutTables, withTables } from './selection';

const PLACE: Place = { schemas: [], usual: 'public', varies: false };
const row = (table: string, kind = 'table', schema = 'public'): Row => ({
  key: keyOf({ schema, table }),
  schema,
  table,
  kind,
  comment: '',
  'estimated-rows': null,
  'estimated-bytes': null,
});
const ROWS = [row('a.b'), row('orders'), row('tmp_x'), row('v', 'view')];
const KNOWN = new Map(ROWS.map((one) => [one.key, one]));
const tables = (keys: Iterable<string>) => [...keys].map((key) => key.split('\0')[1]);

describe('references', () => {
  it('mean the table that they were made of', () => {
    for (const one of ROWS) expect(keyOf(resolve(referenceOf(one, PLACE), PLACE))).toBe(one.key);
    expect(referenceOf(row('a.b'), PLACE)).toEqual({ schema: 'public', table: 'a.b' });
    expect(referenceOf(row('orders'), PLACE)).toBe('public.orders');
    expect(referenceOf(row('orders'), { ...PLACE, varies: true })).toBe('orders');
  });

  it('without a schema mean the one that has such a table', () => {
    const place = { ...PLACE, schemas: ['one', 'two'] };
    expect(resolve('orders', place, ({ schema }) => schema === 'two').schema).toBe('two');
    expect(resolve('orders', place).schema).toBe('one');
    expect(resolve('orders', PLACE).schema).toBe('public');
  });

  it('without a schema mean the one that the options tell, as far as the connector says how', () => {
    const of = (told: object, options: object, development?: object) =>
      placeOf(
        {},
        { options, development } as unknown as Schemas['DataSourceShown'],
        {
          capabilities: { read: { 'default-schema': told } },
        } as unknown as Connector,
      );
    const path = { option: 'search-path', otherwise: 'public' };
    expect(of(path, {})).toEqual({ schemas: [], usual: 'public', varies: false });
    expect(of(path, { 'search-path': ['sales', 'public'] }).usual).toBe('sales');
    expect(of(path, {}, { 'search-path': ['dev'] })).toEqual({ schemas: [], usual: 'dev', varies: true });
    expect(of({ option: 'database', otherwise: null }, { database: 'shop' }).usual).toBe('shop');
    expect(of({ option: 'database', otherwise: null }, {}).usual).toBeUndefined();
    expect(placeOf({}, undefined, undefined)).toEqual({ schemas: [], varies: false });
  });
});

describe('a selection', () => {
  it('takes tables by default, and what is listed whatever it is', () => {
    expect(tables(chosen({ all: true }, ROWS, KNOWN, PLACE))).toEqual(['a.b', 'orders', 'tmp_x']);
    expect(tables(chosen({ listed: ['v', 'gone'] }, ROWS, KNOWN, PLACE))).toEqual(['v', 'gone']);
    const matching = { include: ['public.*'], exclude: ['*.tmp_*'] };
    expect(tables(chosen({ matching }, ROWS, KNOWN, PLACE))).toEqual(['a.b', 'orders']);
  });

  it('grows and shrinks without touching the rest', () => {
    const more = withTables(['orders'], new Set([keyOf(row('orders'))]), [row('orders'), row('v')], PLACE);
    expect(more).toEqual(['orders', 'public.v']);
    expect(withoutTables(more, new Set([keyOf(row('orders'))]), PLACE, () => true)).toEqual(['public.v']);
  });
});

it('globs see schema and table as one text', () => {
  const takes = (glob: string, text: string) => matcher([glob], [])(text);
  expect(takes('*', 'a.b\nc')).toBe(true);
  expect(takes('public.*', 'public.a.b')).toBe(true);
  expect(takes('PUBLIC.*', 'public.a')).toBe(false);
  expect(takes('p.{a,b[0-9]}_?', 'p.b7_x')).toBe(true);
  expect(takes('p.[!a]', 'p.a')).toBe(false);
  expect(takes('p.\\*', 'p.x')).toBe(false);
  expect(takes('p.\\*', 'p.*')).toBe(true);
  expect(globToRegExp('p.{a')).toBeNull();
  expect(globToRegExp('p.[a')).toBeNull();
});

it('names are cut by the separator that was chosen', () => {
  const asked = { how: 'exact', content: ' a\r\nb c\na ', separator: '\\n', anyCase: false } as const;
  expect(termsOf(asked)).toEqual(['a', 'b c']);
  expect(termsOf({ ...asked, content: 'a;b;;c', separator: ';' })).toEqual(['a', 'b', 'c']);
  expect(termsOf({ ...asked, how: 'fuzzy', content: ' a  b ' })).toEqual(['a', 'b']);
});
