import i18next from 'i18next';

function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return new Intl.NumberFormat(i18next.language, options);
}

/** 1234567 as 1,234,567. */
export function count(value: number): string {
  return formatter({ maximumFractionDigits: 0 }).format(value);
}

/** 1234567 as 1.2M, where there is little room. */
export function shortCount(value: number): string {
  return formatter({ notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

/** Bytes as the largest binary unit that leaves a number above 1. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${formatter({ maximumFractionDigits: left < 10 && unit > 0 ? 1 : 0 }).format(left)} ${units[unit]}`;
}

/** Seconds as 0.8 s, 42 s, 3 min 5 s, 2 h 10 min. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${formatter({ maximumFractionDigits: 1 }).format(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Seconds between two moments (RFC 3339); up to now where the second is not yet. */
export function secondsBetween(start: string, end?: string | null): number {
  return Math.max(0, ((end ? Date.parse(end) : Date.now()) - Date.parse(start)) / 1000);
}

/** A moment (RFC 3339) as date and time of `zone` (IANA; the browser's where unset). */
export function moment(value: string, zone?: string): string {
  const options: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  };
  const date = new Date(value);
  try {
    return new Intl.DateTimeFormat('sv-SE', { ...options, timeZone: zoneOf(zone) }).format(date);
  } catch {
    return new Intl.DateTimeFormat('sv-SE', options).format(date);
  }
}

/** `GMT+8` as `Intl` knows it: eight hours ahead of UTC. */
export function zoneOf(zone?: string): string | undefined {
  const fixed = zone?.match(/^GMT([+-])(\d{1,2})(?::(\d{2}))?$/);
  if (!fixed) return zone;
  return `${fixed[1]}${(fixed[2] ?? '0').padStart(2, '0')}:${fixed[3] ?? '00'}`;
}

/** 20230330 as 2023-03-30. */
export function bizdate(value: string): string {
  return value.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
}
