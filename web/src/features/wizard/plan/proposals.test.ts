import { describe, expect, it } from 'vitest';
import { accepted, bestOf, proposalsOf } from './proposals';

function finding(code: string, hint: string) {
  return { severity: 'blocker' as const, code, at: 'public.payments.amount', message: 'no', hint };
}

const DECIMAL = finding(
  'DECIMAL_PRECISION',
  'accept one: each: [{ table: public.payments, columns: { amount: { as: text } } }]; or each: [{ table: public.payments, columns: { amount: { as: "decimal(38,10)" } } }]; or each: [{ table: public.payments, columns: { amount: { skip: true } } }]',
);
const FILTER = finding(
  'FILTER_COLUMN_MISSING',
  'change migration.filter.daily, or except the table: each: [{ table: "public.odd \\"]name", filter: none }]',
);
const NAME = finding(
  'ILLEGAL_NAME',
  'add a rule, names: { table-rules: [{ replace: " ", with: "_" }] }, or let names: { illegal: convert } make it odd_name_937cf3',
);

describe('proposals', () => {
  it('are read from the hint, the best first', () => {
    expect(proposalsOf(DECIMAL).map(({ label }) => label)).toEqual([
      'amount: as text',
      'amount: as decimal(38,10)',
      'amount: skip',
    ]);
  });

  it('may hold brackets and quotes in names', () => {
    expect(proposalsOf(FILTER)[0]?.piece.each).toEqual([{ table: 'public.odd "]name', filter: 'none' }]);
  });

  it('are none where the hint proposes nothing', () => {
    expect(proposalsOf(finding('X', 'write each: no bracket'))).toEqual([]);
    expect(proposalsOf(finding('X', 'each: [{ open'))).toEqual([]);
  });

  it('are merged with what the draft says of the table already', () => {
    const draft = { each: [{ table: 'public.payments', splits: 2, columns: { at: { skip: true } } }] };
    expect(accepted(draft, proposalsOf(DECIMAL).slice(0, 1)).each).toEqual([
      { table: 'public.payments', splits: 2, columns: { at: { skip: true }, amount: { as: 'text' } } },
    ]);
  });

  it('change rows only where that is asked for', () => {
    const best = bestOf([DECIMAL, DECIMAL, FILTER, NAME]);
    expect(best.types.map(({ label }) => label)).toEqual(['amount: as text', 'illegal: convert']);
    expect(best.filters.map(({ label }) => label)).toEqual(['filter: none']);
  });
});
