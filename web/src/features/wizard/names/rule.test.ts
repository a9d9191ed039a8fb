import { expect, it } from 'vitest';
import { defaultRule, faultsOf, tellsPartsApart, written } from './rule';

it('a rule starts with both types filled in', () => {
  expect(defaultRule('MySQL', 'Oracle')).toBe(`MySQL2Oracle_${written('source_table_name')}`);
  expect(defaultRule('Parquet files', 'Lake (Apache Iceberg)')).toBe(
    `Parquet_files2Lake_${written('source_table_name')}`,
  );
});

it('a rule is judged by what is the same for all tables', () => {
  expect(faultsOf(' ').isBlank).toBe(true);
  expect(faultsOf(`a/b|${written('source_schema')}`).forbidden).toEqual(['/', '|']);
  expect(faultsOf(`${'x'.repeat(257)}${written('method')}`).tooLong).toBe(257);
  expect(faultsOf(`${'x'.repeat(256)}${written('method')}`).tooLong).toBeNull();
  expect(faultsOf(`\${table}\${method}`).unknown).toEqual(['table']);
  expect(tellsPartsApart(written('method'))).toBe(true);
  expect(tellsPartsApart('method')).toBe(false);
});
