import { describe, expect, it } from 'vitest';
import { pathOf, sectionOf, stateOf, told } from './sections';

const finding = (at: string, code = 'X', message = 'no') => ({
  severity: 'blocker' as const,
  code,
  at,
  message,
  hint: null,
});

describe('findings', () => {
  it('belong to the section of their field', () => {
    const places = [
      'migration.name',
      'data-sources.shop.tls.mode',
      'migration.each[0].columns.a',
      'migration.task-names',
      'migration.filter.daily',
      'migration.run.reruns',
      'migration.schedule.resource-group.production',
      'public.orders.amount',
      '',
    ];
    expect(places.map((at) => sectionOf(finding(at)))).toEqual([
      'basic',
      'sources',
      'tables',
      'names',
      'method',
      'schedule',
      'resources',
      'tables',
      'plan',
    ]);
  });

  it('of a missing key point to the key', () => {
    const missing = finding(
      'migration.schedule',
      'MISSING_KEY',
      '"every-hours" is missing: the mode is batch',
    );
    expect(pathOf(missing)).toBe('migration.schedule.every-hours');
    expect(pathOf({ ...missing, at: 'migration.schedule.every-hours' })).toBe(
      'migration.schedule.every-hours',
    );
  });

  it('that only say what is not chosen yet leave the section to do', () => {
    const missing = finding('migration', 'MISSING_KEY', '"source" is missing');
    expect(told([missing], {})).toEqual([]);
    expect(stateOf('sources', {}, told([missing], {}))).toBe('todo');
    expect(stateOf('names', {}, [])).toBe('done');
  });
});
