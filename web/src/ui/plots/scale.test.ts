import { expect, it } from 'vitest';
import { niceCeiling, ticks } from './scale';

it('rounds up to what is easy to read', () => {
  expect([0, 1, 3, 18, 21, 48, 60, 230].map(niceCeiling)).toEqual([1, 1, 5, 20, 25, 50, 100, 250]);
});

it('has no halves where there are whole things', () => {
  expect(ticks(20)).toEqual([0, 10, 20]);
  expect(ticks(25)).toEqual([0, 25]);
});
