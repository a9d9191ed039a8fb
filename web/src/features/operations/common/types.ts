import type { Schemas } from '@/api/client';

/** An instance; in lists with the last time that it ran. */
export type InstanceLine = Schemas['InstanceLine'] & { last?: Schemas['LastShown'] | null };
export type InstanceShown = Schemas['InstanceShown'];
export type Attempt = Schemas['AttemptShown'];
export type InstanceState = Schemas['InstanceState'];
export type InstanceKind = Schemas['InstanceKind'];
export type Act = Schemas['Operation2'];
export type TaskShown = Schemas['TaskShown'];
export type Priority = Schemas['Priority'];
export type BackfillProgress = Schemas['BackfillProgress'];

export const KINDS: readonly InstanceKind[] = ['recurring', 'backfill', 'manual'];
export const PRIORITIES: readonly Priority[] = ['highest', 'high', 'medium', 'low', 'lowest'];

export function isEnded(state: InstanceState): boolean {
  return state === 'succeeded' || state === 'failed';
}

export function isWaiting(state: InstanceState): boolean {
  return !isEnded(state) && state !== 'running';
}

/** A number for each state; what is not there is zero. */
export type StateCounts = Partial<Record<InstanceState, number>>;
