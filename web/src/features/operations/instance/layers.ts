export interface Placed {
  id: number;
  /** How far from the left: those that wait for nothing stand in the first column. */
  column: number;
  /** How far below the middle. */
  row: number;
}

/** A column that is longer goes on in the next one. */
const MOST_ROWS = 10;

/** Puts who waits to the right of all that it waits for, each layer in the order of the one before it. */
export function layered(
  ids: readonly number[],
  waits: readonly { instance: number; upstream: number }[],
): Placed[] {
  const upstream = new Map<number, number[]>(ids.map((id) => [id, []]));
  for (const { instance, upstream: above } of waits) {
    if (upstream.has(above)) upstream.get(instance)?.push(above);
  }
  const layers = new Map<number, number>();
  // No recursion: chains of days are long. Each visit after all upstream; a cycle, which the service rules out, ends.
  for (const start of ids) {
    const stack: { id: number; isEntered: boolean }[] = [{ id: start, isEntered: false }];
    const open = new Set<number>();
    for (let top = stack.pop(); top; top = stack.pop()) {
      const { id, isEntered } = top;
      if (layers.has(id)) continue;
      const above = upstream.get(id) ?? [];
      if (isEntered) {
        layers.set(id, Math.max(-1, ...above.map((one) => layers.get(one) ?? -1)) + 1);
      } else if (!open.has(id)) {
        open.add(id);
        stack.push({ id, isEntered: true }, ...above.map((one) => ({ id: one, isEntered: false })));
      }
    }
  }
  return inColumns(ids, layers, upstream);
}

function inColumns(
  ids: readonly number[],
  layers: ReadonlyMap<number, number>,
  upstream: ReadonlyMap<number, readonly number[]>,
): Placed[] {
  const members: number[][] = [];
  for (const id of ids) {
    const layer = layers.get(id) ?? 0;
    members[layer] ??= [];
    members[layer].push(id);
  }
  const placed = new Map<number, Placed>();
  let first = 0;
  for (const layer of members) {
    // As high as what it waits for stands, on the average.
    const wish = (id: number) => {
      const above = upstream.get(id) ?? [];
      return above.reduce((sum, one) => sum + (placed.get(one)?.row ?? 0), 0) / Math.max(1, above.length);
    };
    const sorted = [...(layer ?? [])].sort((a, b) => wish(a) - wish(b) || a - b);
    const columns = Math.ceil(sorted.length / MOST_ROWS);
    const height = Math.ceil(sorted.length / Math.max(1, columns));
    sorted.forEach((id, index) => {
      const row = (index % height) - (height - 1) / 2;
      placed.set(id, { id, column: first + Math.floor(index / height), row });
    });
    first += columns;
  }
  return ids.flatMap((id) => placed.get(id) ?? []);
}
