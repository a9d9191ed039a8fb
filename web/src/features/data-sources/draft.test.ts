import { expect, test } from 'vitest';
import type { Finding } from './data';
import { isNotYet, placed } from './draft';

const finding = (code: string, at = ''): Finding => ({ code, at, message: '', hint: null, severity: 'note' });

test('a destination that nothing was written to is told from one that works and one that does not', () => {
  expect(isNotYet({ reachable: true, findings: [finding('NO_CATALOG')] })).toBe(true);
  expect(isNotYet({ reachable: true, findings: [] })).toBe(false);
  expect(isNotYet({ reachable: false, findings: [finding('NO_CATALOG')] })).toBe(false);
  expect(isNotYet({ reachable: true, findings: [finding('NO_CATALOG'), finding('OLD_VERSION')] })).toBe(
    false,
  );
});

test('findings of options get their whole paths, others keep theirs', () => {
  const [own, whole, none] = placed(
    [finding('A', 'host'), finding('B', 'options.host'), finding('C')],
    'development',
  );
  expect([own?.at, whole?.at, none?.at]).toEqual(['development.host', 'options.host', '']);
});
