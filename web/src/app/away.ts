import type { QueryClient } from '@tanstack/react-query';
import { isUnreachable } from '@/api/client';

const EVERY_MILLIS = 3_000;

/**
 * Heeds failed reads: while the server is away, asks one small thing of it again and again, and has everything in
 * sight that could not be read be read anew as soon as it answers.
 */
export function awaitServer(answers: () => Promise<boolean>, every = EVERY_MILLIS) {
  let asking = false;
  const until = async (client: QueryClient) => {
    asking = true;
    do await new Promise((resolve) => setTimeout(resolve, every));
    while (!(await answers()));
    asking = false;
    await client.refetchQueries({ type: 'active', predicate: ({ state }) => isUnreachable(state.error) });
  };
  return (error: unknown, client: QueryClient): void => {
    if (isUnreachable(error) && !asking) void until(client);
  };
}

/** Whether somebody answers who is not just something in front of the server. */
export async function serverAnswers(): Promise<boolean> {
  try {
    return (await fetch('/api/v1/me', { cache: 'no-store' })).status < 500;
  } catch {
    return false;
  }
}
