import { describe, expect, it } from 'vitest';
import { editScript, exceptionEdits, exceptionOf, readScript, saysTheSame } from './script';

const TEXT = `migration:
  name: night
  run:
    timeout-hours: 48.0
  tables:
    listed:
      - public.orders
`;

describe('a script that is edited by the form', () => {
  it('keeps what it does not know of, as it was written', () => {
    const edited = editScript(TEXT, [[['filter', 'daily'], "day = '${bizdate}'"]]);
    expect(edited).toContain('timeout-hours: 48.0\n');
    expect(readScript(edited).migration.filter).toEqual({ daily: "day = '${bizdate}'" });
  });

  it('fills a key that holds nothing', () => {
    const edited = editScript(`${TEXT}  filter:\n`, [[['filter', 'daily'], 'a = 1']]);
    expect(readScript(edited).migration.filter).toEqual({ daily: 'a = 1' });
  });

  it('is left alone where it cannot be read', () => {
    expect(editScript('migration: {a: [}', [[['name'], 'x']])).toBe('migration: {a: [}');
  });

  it('makes an exception for its table, and takes it out again', () => {
    const { migration } = readScript(TEXT);
    const made = editScript(TEXT, exceptionEdits(migration, { columns: { note: { skip: true } } }));
    const found = readScript(made).migration;
    expect(found.each).toEqual([{ table: 'public.orders', columns: { note: { skip: true } } }]);
    expect(exceptionOf(found).index).toBe(0);
    const gone = editScript(made, exceptionEdits(found, { columns: {} }));
    expect(saysTheSame(gone, TEXT)).toBe(true);
  });
});

it('texts say the same whatever their order and quotes', () => {
  expect(saysTheSame('migration: {a: 1, b: x}', 'migration:\n  b: "x"\n  a: 1\n')).toBe(true);
  expect(saysTheSame('migration: {a: 1}', 'migration: {a: 2}')).toBe(false);
});
