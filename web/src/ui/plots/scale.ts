/** A number that is easy to read, the smallest of its kind that is not below `value`: 1, 2, 2.5, 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}

/** Where the lines of a scale stand: at most three above zero, whole numbers where the top is one. */
export function ticks(top: number): number[] {
  const half = top / 2;
  return Number.isInteger(half) || top < 1 ? [0, half, top] : [0, top];
}
