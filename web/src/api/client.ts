import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './schema';

/** The types of the service's documents, by their names. */
export type Schemas = components['schemas'];

/** What the service refused, as it says it (RFC 9457). */
export class ProblemError extends Error {
  constructor(readonly problem: Schemas['Problem']) {
    super(problem.detail);
    this.name = 'ProblemError';
  }
}

const UNREACHABLE = 'SERVER_UNREACHABLE';

let csrf: string | null = null;

/** Remembers the token that the session's writing requests show. */
export function rememberCsrf(token: string | null): void {
  csrf = token;
}

type Listener = () => void;
const whenLoggedOut = new Set<Listener>();

/** Calls `listener` when a request is refused because nobody is logged in. */
export function onLoggedOut(listener: Listener): () => void {
  whenLoggedOut.add(listener);
  return () => whenLoggedOut.delete(listener);
}

const guard: Middleware = {
  onRequest({ request }) {
    if (csrf !== null && request.method !== 'GET') request.headers.set('X-CSRF-Token', csrf);
    return request;
  },
};

/** The service; paths and documents are typed by its OpenAPI. Prefer {@link call} around it. */
export const api = createClient<paths>({ baseUrl: '/api/v1' });
api.use(guard);

type Answered<T> = { data?: T; error?: unknown; response: Response };

/**
 * What a request of {@link api} answers; throws {@link ProblemError} where it was refused, and where the
 * server cannot be reached.
 */
export async function call<T>(request: Promise<Answered<T>>): Promise<T> {
  const answered = await settled(request);
  if (!answered.response.ok) throw refused(answered);
  return answered.data as T;
}

async function settled<T>(request: Promise<Answered<T>>): Promise<Answered<T>> {
  try {
    return await request;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ProblemError(unreachable());
  }
}

function refused({ error, response }: Answered<unknown>): ProblemError {
  const problem = isProblem(error) ? error : { ...unreachable(), status: response.status };
  // Who asks who they are learns it by the answer: telling them again would ask again.
  if (response.status === 401 && !response.url.endsWith('/me')) for (const tell of whenLoggedOut) tell();
  return new ProblemError(problem);
}

function isProblem(value: unknown): value is Schemas['Problem'] {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;
}

/** Whether nobody answered at all, or something between that knows no more. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === UNREACHABLE;
}

function unreachable(): Schemas['Problem'] {
  return {
    type: 'about:blank',
    title: 'The server does not answer',
    code: UNREACHABLE,
    detail: 'The server does not answer.',
    hint: 'It may be starting again; what you see may be out of date.',
    status: 0,
    side: 'ourselves',
    instance: '',
  };
}

/** The header that guards an edit against edits of others: the edition that was read. */
export function ifMatch(edition: number): { 'If-Match': string } {
  return { 'If-Match': `"${edition}"` };
}

/** A page of a list that goes on at `next`. */
export interface Page<T> {
  items: T[];
  next?: string | number | null;
}

/** All of a list, page by page; at most `most` entries. */
export async function all<T>(page: (after?: string) => Promise<Page<T>>, most = 10_000): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const { items: more, next } = await page(after);
    items.push(...more);
    after = next == null ? undefined : String(next);
  } while (after !== undefined && items.length < most);
  return items;
}
