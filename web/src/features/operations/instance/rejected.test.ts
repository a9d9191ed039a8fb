import { expect, it } from 'vitest';
import { csv, type RejectedRow } from './rejected';

const row: RejectedRow = {
  source: 'public.payments',
  row: 'id=400',
  key: ['400'],
  column: 'due',
  value: null,
  'bytes-hex': '7fffffff',
  length: 4,
  code: 'DATE_INFINITY',
  reason: 'the date is infinity',
};

it('writes one line for each row, under a head', () => {
  expect(csv([row]).split('\r\n')).toEqual([
    'source,row,column,value,bytes-hex,length,code,reason',
    'public.payments,id=400,due,,7fffffff,4,DATE_INFINITY,the date is infinity',
    '',
  ]);
});

it('quotes what would break a line, and disarms formulas', () => {
  const line = csv([{ ...row, value: 'a,"b"\n' }]);
  expect(line).toContain('"a,""b""\n"');
  expect(csv([{ ...row, value: '=1+1' }])).toContain(",'=1+1,");
});
