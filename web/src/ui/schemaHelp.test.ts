import { Text } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '@/forms/schema';
import { schemasAt } from './schemaHelp';
import { placeInJson, placeInYaml } from './textPlace';

/** The place of `|` in a YAML text. */
function inYaml(text: string) {
  const pos = text.indexOf('|');
  return placeInYaml(Text.of(text.replace('|', '').split('\n')), pos);
}

function inJson(text: string) {
  const [before = '', behind = ''] = text.split('|');
  return placeInJson(before, behind);
}

describe('a place in YAML', () => {
  it('is a key below the keys that it is indented under', () => {
    const place = inYaml('migration:\n  name: a\n  method:\n    ki|\n  filter: {}');
    expect(place).toMatchObject({ path: ['migration', 'method'], at: 'key', word: 'ki', indent: 4 });
  });

  it('knows its siblings on both sides', () => {
    const place = inYaml('migration:\n  name: a\n  |\n  filter:\n    daily: x\nother: 1');
    expect(place?.path).toEqual(['migration']);
    expect([...(place?.siblings ?? [])]).toEqual(['name', 'filter']);
  });

  it('is a value behind a colon', () => {
    expect(inYaml('migration:\n  drift: f|')).toMatchObject({
      path: ['migration', 'drift'],
      at: 'value',
      word: 'f',
    });
  });

  it('goes through lists, also those at the column of their key', () => {
    expect(inYaml('each:\n- table: a.b\n  filter:\n    |')?.path).toEqual(['each', null, 'filter']);
    expect(inYaml('each:\n  - table: a.b\n  - ta|')?.path).toEqual(['each', null]);
    expect(inYaml('each:\n- table: a.b\n- ta|')?.path).toEqual(['each', null]);
    expect(inYaml('a:\n  each:\n  - table: a.b\n  dr|')?.path).toEqual(['a']);
  });

  it('goes through braces within a line', () => {
    expect(inYaml('tables: { listed: [a.b], ma|')).toMatchObject({ path: ['tables'], at: 'key', word: 'ma' });
    expect(inYaml('method: { kind: d| }')).toMatchObject({
      path: ['method', 'kind'],
      at: 'value',
      word: 'd',
    });
  });

  it('is nowhere in a comment', () => {
    expect(inYaml('a: 1 # b|')).toBeNull();
  });
});

describe('a place in JSON', () => {
  it('is a key, a value, an item', () => {
    expect(inJson('{"a": {"b": 1, "c|')).toMatchObject({ path: ['a'], at: 'key', word: '"c' });
    expect(inJson('{"a": {"b": "x|')).toMatchObject({ path: ['a', 'b'], at: 'value', word: '"x' });
    expect(inJson('{"a": [1, 2, |]}')).toMatchObject({ path: ['a', null], at: 'value' });
    expect([...(inJson('{"a": 1, |, "b": {"x": 2}}')?.siblings ?? [])]).toEqual(['a', 'b']);
  });
});

it('a schema is walked through references, choices and lists', () => {
  const schema: JsonSchema = {
    properties: { a: { anyOf: [{ $ref: '#/$defs/A' }, { type: 'null' }] } },
    $defs: { A: { items: { properties: { b: { const: 'here' } } } } },
  };
  expect(schemasAt(schema, ['a', null, 'b'])).toEqual([{ const: 'here' }]);
});
