import { secondsBetween } from '@/ui/format';
import { type InstanceLine, isWaiting } from './types';

/** A minute is not late yet. */
const PATIENCE_SECONDS = 60;

/**
 * By how many seconds an instance of the calendar is overdue; none where it is in time. What people asked for
 * themselves has its time in the past by its nature.
 */
export function lateness(line: InstanceLine): number | undefined {
  if (line.kind !== 'recurring' || line.paused || !isWaiting(line.state)) return undefined;
  const seconds = secondsBetween(line['planned-at']);
  return seconds > PATIENCE_SECONDS ? seconds : undefined;
}
