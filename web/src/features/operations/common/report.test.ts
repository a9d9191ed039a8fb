import { describe, expect, it } from 'vitest';
import { progressOf, reportOf } from './report';

describe('the progress of an attempt', () => {
  const begun = ['2026-11-29T10:33:04Z attempt 1 began on server one', 'started with 1 table'];

  it('has begun before the table is cut', () => {
    expect(progressOf(begun)).toMatchObject({ step: 'begun', parts: 0 });
  });

  it('counts the parts that are done', () => {
    const log = [
      ...begun,
      'cut into 3 parts',
      'part done: 500 read, 2 rejected',
      'part done: 400 read, 0 rejected',
    ];
    expect(progressOf(log)).toEqual({ step: 'reading', parts: 3, done: 2, read: 900, rejected: 2 });
  });

  it('proves once all is read, publishes once it is proven', () => {
    const log = [...begun, 'cut into 1 part', 'part done: 5 read, 0 rejected'];
    expect(progressOf(log).step).toBe('proving');
    expect(progressOf([...log, 'read back what stands staged: it agrees']).step).toBe('publishing');
    expect(progressOf([...log, 'published 5 rows']).step).toBe('published');
  });

  it('starts over where the table is cut again', () => {
    const log = [...begun, 'cut into 2 parts', 'part done: 5 read, 0 rejected', 'cut into 4 parts'];
    expect(progressOf(log)).toMatchObject({ parts: 4, done: 0, read: 0 });
  });
});

describe('a report', () => {
  it('is none where the attempt came to none', () => {
    expect(reportOf(null)).toBeNull();
    expect(reportOf({ nodes: 1 })).toBeNull();
  });
});
