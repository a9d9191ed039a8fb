import { expect, it } from 'vitest';
import { nextSteps } from './nextSteps';

it('leads to where a failure can be set right', () => {
  expect(nextSteps('TOO_MANY_REJECTED')[0]).toBe('rejected');
  expect(nextSteps('AUTH_FAILED')[0]).toBe('sources');
  expect(nextSteps('DRIFT')[0]).toBe('metadata');
  expect(nextSteps('SHRUNK')).toContain('migration');
  expect(nextSteps(null)).toEqual(['log']);
});
