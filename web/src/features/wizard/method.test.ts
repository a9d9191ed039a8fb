import { describe, expect, it } from 'vitest';
import { type Draft, put } from './draft';
import { withKind, withPartitions } from './method';

const stash = () => ({ filter: {}, partition: {} });

describe('the method', () => {
  it('takes what belongs to a part with the part, and brings it back', () => {
    const kept = stash();
    const both: Draft = {
      method: { kind: 'daily-and-one-time', partition: { 'one-time': '20230330' } },
      filter: { daily: 'a = 1', 'one-time': 'b = 1' },
    };
    const daily = withKind(both, 'daily', kept);
    expect(daily).toEqual({ method: { kind: 'daily', partition: {} }, filter: { daily: 'a = 1' } });
    expect(withKind(daily, 'daily-and-one-time', kept)).toEqual(both);
  });

  it('is partitioned always where it has both parts', () => {
    expect(withKind({}, 'daily-and-one-time', stash()).method).toEqual({
      kind: 'daily-and-one-time',
      partition: {},
    });
  });

  it('leaves partitions out and takes them up again', () => {
    const kept = stash();
    const one: Draft = { method: { kind: 'one-time', partition: { 'one-time': 'ds=1' } } };
    const plain = withPartitions(one, false, kept);
    expect(plain.method).toEqual({ kind: 'one-time' });
    expect(withPartitions(plain, true, kept)).toEqual(one);
  });
});

describe('a value of the draft', () => {
  it('is put where it belongs, and leaves nothing empty behind', () => {
    const draft: Draft = { run: { reruns: 3 }, drift: 'fail' };
    expect(put(draft, ['run', 'reruns'], undefined)).toEqual({ drift: 'fail' });
    expect(put(draft, ['schedule', 'mode'], 'batch').run).toBe(draft.run);
    expect(put({}, ['a', 'b', 'c'], 1)).toEqual({ a: { b: { c: 1 } } });
  });
});
