import { zoneOf } from './format';

/** The zones that are offered first (R2.07): those without summer time, by their distance from UTC. */
export const FIXED_ZONES = [
  'GMT+1',
  'GMT+2',
  'GMT+3',
  'GMT+5:30',
  'GMT+8',
  'GMT+9',
  'GMT+10',
  'GMT-5',
  'GMT-6',
  'GMT-8',
];

/** And those of places, each with its own rules. */
export const NAMED_ZONES = [
  'Africa/Cairo',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Bangkok',
  'Asia/Dubai',
  'Asia/Kolkata',
  'Asia/Shanghai',
  'Asia/Tokyo',
  'Atlantic/Azores',
  'Australia/Sydney',
  'Europe/Berlin',
  'Europe/London',
  'Europe/Moscow',
  'Europe/Paris',
  'Pacific/Auckland',
  'Pacific/Honolulu',
];

export function isFixed(zone: string): boolean {
  return zone === 'UTC' || /^GMT[+-]/.test(zone);
}

/** How far ahead of UTC a zone is at a moment: `UTC+1`. */
export function offsetOf(zone: string, at = new Date()): string {
  try {
    const parts = new Intl.DateTimeFormat('en', {
      timeZone: zoneOf(zone),
      timeZoneName: 'shortOffset',
    }).formatToParts(at);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    return name.replace('GMT', 'UTC');
  } catch {
    return '';
  }
}

/** Whether the clocks of a zone are put forward in this year. */
export function hasDst(zone: string): boolean {
  if (isFixed(zone)) return false;
  const year = new Date().getFullYear();
  return offsetOf(zone, new Date(Date.UTC(year, 0, 15))) !== offsetOf(zone, new Date(Date.UTC(year, 6, 15)));
}
