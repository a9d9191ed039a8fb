import { expect, it } from 'vitest';
import { layered } from './layers';

const waits = (pairs: [number, number][]) => pairs.map(([instance, upstream]) => ({ instance, upstream }));

it('puts who waits behind all that it waits for', () => {
  const placed = layered(
    [1, 2, 3, 4],
    waits([
      [2, 1],
      [3, 2],
      [4, 1],
      [4, 3],
    ]),
  );
  expect(Object.fromEntries(placed.map(({ id, column }) => [id, column]))).toEqual({
    1: 0,
    2: 1,
    3: 2,
    4: 3,
  });
});

it('sets those of a layer apart, around the middle', () => {
  const rows = layered(
    [1, 2, 3],
    waits([
      [2, 1],
      [3, 1],
    ]),
  ).map(({ row }) => row);
  expect(rows).toEqual([0, -0.5, 0.5]);
});

it('takes long chains', () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => index);
  const placed = layered(ids, waits(ids.slice(1).map((id) => [id, id - 1])));
  expect(placed.at(-1)?.column).toBe(19_999);
});

it('wraps a column that is long', () => {
  const ids = Array.from({ length: 26 }, (_, index) => index);
  const placed = layered(ids, waits(ids.slice(1).map((id) => [id, 0])));
  expect(new Set(placed.map(({ column }) => column))).toEqual(new Set([0, 1, 2, 3]));
  expect(Math.max(...placed.map(({ row }) => row))).toBeLessThan(5);
});
