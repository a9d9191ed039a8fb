import { useInfiniteQuery } from '@tanstack/react-query';
import { all, api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';

export type RejectedRow = Schemas['RejectedShown'];

const PAGE = 200;
const MOST = 1_000_000;

function read(project: string, instance: number, attempt: number | undefined, after: number, limit: number) {
  return call(
    api.GET('/projects/{project}/instances/{instance}/rejected-rows', {
      params: { path: { project, instance }, query: { attempt, after, limit } },
    }),
  );
}

/** The rejected rows of an attempt, a page at a time. */
export function useRejected(instance: number, attempt: number | undefined, enabled: boolean) {
  const project = useProject();
  return useInfiniteQuery({
    queryKey: ['rejected-rows', project.id, instance, attempt],
    enabled,
    initialPageParam: 0,
    queryFn: ({ pageParam }) => read(project.id, instance, attempt, pageParam, PAGE),
    getNextPageParam: ({ next }) => (next === null ? undefined : Number(next)),
  });
}

/** All rejected rows of an attempt as a file. */
export async function rejectedFile(
  project: string,
  instance: number,
  attempt: number | undefined,
  format: 'csv' | 'jsonl',
): Promise<Blob> {
  const rows = await all((after) => read(project, instance, attempt, Number(after ?? 0), 500), MOST);
  return format === 'csv'
    ? new Blob([csv(rows)], { type: 'text/csv;charset=utf-8' })
    : new Blob(
        rows.map((row) => `${JSON.stringify(row)}\n`),
        { type: 'application/jsonl;charset=utf-8' },
      );
}

const FIELDS = ['source', 'row', 'column', 'value', 'bytes-hex', 'length', 'code', 'reason'] as const;

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front. */
export function csv(rows: readonly RejectedRow[]): string {
  const lines = rows.map((row) => FIELDS.map((field) => quoted(row[field])).join(','));
  return `${[FIELDS.join(','), ...lines].join('\r\n')}\r\n`;
}

function quoted(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hands a file to the person. */
export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
