import { describe, expect, it } from 'vitest';
import { collisions, columnName, plainRules, type Rules, rulesFor, SCHEMA, tableName } from './naming';
import { sha256 } from './sha256';

const LIMITS = { longest: 127, lowerCase: false };
const named = (table: string, rules: Rules = {}, limits = LIMITS) =>
  tableName(rules, { schema: 'Public', table }, limits);

describe('names of tables', () => {
  it('go through the rules in their order, then between prefix and suffix', () => {
    const rules: Rules = {
      'table-rules': [
        { replace: 'work', with: 'PHIN' },
        { replace: 'phin', with: '$&' },
      ],
      'table-prefix': 'PRE_',
      'table-suffix': '_prod',
    };
    expect(named('datawork', { ...rules, 'table-rules': rules['table-rules']?.slice(0, 1) })).toEqual({
      name: 'pre_dataphin_prod',
    });
    expect(named('datawork', rules)).toEqual({ name: 'pre_data$&_prod', fault: 'illegal' });
    expect(named('a', { 'table-prefix': `${SCHEMA}_` })).toEqual({ name: 'public_a' });
  });

  it('are refused where they are not allowed', () => {
    expect(named('a b').fault).toBe('illegal');
    expect(named('work', { 'table-rules': [{ replace: 'work', with: '' }] }).fault).toBe('empty');
    expect(named('a'.repeat(64), {}, { longest: 63, lowerCase: false }).fault).toBe('long');
    expect(named('Orders', {}, { longest: 63, lowerCase: true }).name).toBe('orders');
  });

  it('are converted as the service does', () => {
    const known = {
      '${bizdate}': 'bizdate_ef9f0e',
      '100%': 'c_100_32e489',
      '2023_sales': 'c_2023_sales_3f1487',
      '<b>bold</b>': 'b_bold__b_38f3db',
      'emoji 🐦🔥': 'emoji_6dd535',
      'he said "hi"': 'he_said__hi_691470',
      'new\nline': 'new_line_58fb67',
      عربي: 'n_9f9a68',
      数据表: 'n_187288',
      orders: 'orders',
    };
    for (const [table, name] of Object.entries(known))
      expect(named(table, { illegal: 'convert' })).toEqual({ name });
  });

  it('collide where they differ in case alone', () => {
    const all = ['Orders', 'ORDERS', 'a b', 'other'].map((table) => [table, named(table)] as const);
    expect([...collisions(all)]).toEqual([['orders', ['Orders', 'ORDERS']]]);
  });
});

it('columns have rules of their own', () => {
  expect(columnName({ 'field-rules': [{ replace: ' ', with: '_' }] }, 'na me', LIMITS)).toEqual({
    name: 'na_me',
  });
});

it('rules that say nothing are left out', () => {
  expect(
    plainRules({ 'table-rules': [{ replace: '', with: 'x' }], 'table-prefix': '', illegal: 'refuse' }),
  ).toBeUndefined();
  expect(rulesFor(['a b', 'c.d', '🐦'])).toEqual([' ', '.', '🐦'].map((replace) => ({ replace, with: '_' })));
});

it('digests are those of SHA-256', () => {
  expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256('a'.repeat(119))).toBe('31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb');
});
