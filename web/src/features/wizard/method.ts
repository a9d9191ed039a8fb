import type { Schemas } from '@/api/client';
import { type Draft, put } from './draft';

export type Kind = Schemas['MethodKind'];
export type Part = 'one-time' | 'daily';

export const KINDS: readonly Kind[] = ['daily', 'one-time', 'daily-and-one-time'];

export function kindOf(draft: Draft): Kind {
  return draft.method?.kind ?? 'one-time';
}

/** The parts of a method, in the order in which the page shows them. */
export function partsOf(kind: Kind): Part[] {
  if (kind === 'daily-and-one-time') return ['daily', 'one-time'];
  return [kind];
}

export function isPartitioned(draft: Draft): boolean {
  return draft.method?.partition != null;
}

/** What was given for a part that the method does not have at the moment: it comes back with the part. */
export interface Stash {
  filter: Schemas['Filters'];
  partition: Schemas['PartitionChoice'];
}

/** The draft with another method; what belongs to a part that goes is taken out into the stash. */
export function withKind(draft: Draft, kind: Kind, stash: Stash): Draft {
  const filter = { ...stash.filter, ...draft.filter };
  const partition = { ...stash.partition, ...draft.method?.partition };
  Object.assign(stash.filter, filter);
  Object.assign(stash.partition, partition);
  const parts = partsOf(kind);
  const own = (of: object) =>
    Object.fromEntries(Object.entries(of).filter(([part]) => parts.includes(part as Part)));
  const partitioned = isPartitioned(draft) || kind === 'daily-and-one-time';
  const next = put(draft, ['method'], { kind, ...(partitioned && { partition: own(partition) }) });
  const filters = own(filter);
  return put(next, ['filter'], Object.keys(filters).length > 0 ? filters : undefined);
}

/** The draft with partitioned target tables, or not. */
export function withPartitions(draft: Draft, partitioned: boolean, stash: Stash): Draft {
  const kind = kindOf(draft);
  if (!partitioned) {
    Object.assign(stash.partition, draft.method?.partition);
    return put(draft, ['method'], { kind });
  }
  const own = Object.entries(stash.partition).filter(([part]) => partsOf(kind).includes(part as Part));
  return put(draft, ['method'], { kind, partition: Object.fromEntries(own) });
}

export function filterOf(draft: Draft, part: Part): string {
  return draft.filter?.[part] ?? '';
}

export function partitionOf(draft: Draft, part: Part): string {
  const value: unknown = draft.method?.partition?.[part];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
