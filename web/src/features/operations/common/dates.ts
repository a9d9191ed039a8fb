import dayjs, { type Dayjs } from 'dayjs';
import { zoneOf } from '@/ui/format';

/** `20260131` as the date pickers have it; nothing where it is no date. */
export function pickedOf(bizdate: string | undefined): Dayjs | null {
  const parts = bizdate?.match(/^(\d{4})(\d{2})(\d{2})$/);
  if (!parts) return null;
  const date = dayjs(`${parts[1]}-${parts[2]}-${parts[3]}`);
  return date.isValid() ? date : null;
}

export function bizdateOf(picked: Dayjs): string {
  return picked.format('YYYYMMDD');
}

/** Today in `zone`, without a time. */
export function today(zone: string): Dayjs {
  const format = (timeZone: string | undefined) =>
    new Intl.DateTimeFormat('sv-SE', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone });
  try {
    return dayjs(format(zoneOf(zone)).format(new Date()));
  } catch {
    return dayjs(format(undefined).format(new Date()));
  }
}

/** The business date of what runs today in `zone`: the day before. */
export function lastBizdate(zone: string): string {
  return bizdateOf(today(zone).subtract(1, 'day'));
}

/** All business dates from the first to the last, both included. */
export function bizdatesBetween(first: string, last: string): string[] {
  const end = pickedOf(last);
  let day = pickedOf(first);
  const days: string[] = [];
  while (day && end && !day.isAfter(end)) {
    days.push(bizdateOf(day));
    day = day.add(1, 'day');
  }
  return days;
}
