import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { call } from '@/api/client';
import { awaitServer } from './away';

test('what could not be read is read again once the server is back, and nothing else', async () => {
  vi.useFakeTimers();
  let isBack = false;
  let asked = 0;
  const heed = awaitServer(async () => {
    asked += 1;
    return isBack;
  }, 10);
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const read = vi.fn(() =>
    isBack ? Promise.resolve('read') : call<string>(Promise.reject(new TypeError('failed to fetch'))),
  );
  const other = vi.fn(() => Promise.resolve('other'));
  const stop = new QueryObserver(client, { queryKey: ['one'], queryFn: read }).subscribe(() => {});
  const stopOther = new QueryObserver(client, { queryKey: ['two'], queryFn: other }).subscribe(() => {});
  await vi.advanceTimersByTimeAsync(1);
  const { error } = client.getQueryState(['one']) ?? {};
  heed(error, client);
  heed(error, client);
  await vi.advanceTimersByTimeAsync(35);
  expect(asked).toBe(3);
  isBack = true;
  await vi.advanceTimersByTimeAsync(20);
  expect(client.getQueryData(['one'])).toBe('read');
  expect(asked).toBe(4);
  expect(other).toHaveBeenCalledTimes(1);
  heed(new Error('something else'), client);
  await vi.advanceTimersByTimeAsync(50);
  expect(asked).toBe(4);
  stop();
  stopOther();
  vi.useRealTimers();
});
