/** What the service proved of one column. */
export interface ColumnProof {
  name: string;
  sum: string | null;
  not_comparable?: string;
  source?: { non_null: number; range?: { min: string; max: string; sum: string } };
  source_unproven?: string;
}

export interface Notice {
  column: string;
  code: string;
  reason: string;
  rows: number;
}

/** What came of one attempt at a table: `report` of an attempt, which the API leaves untyped. */
export interface TableReport {
  source: string;
  destination: string | null;
  state: 'succeeded' | 'failed' | 'refused' | 'skipped' | 'cancelled';
  rows_read: number;
  rows_written: number;
  rows_rejected: number;
  rows_filtered: number;
  bytes: number;
  verified: 'counts' | 'checksums' | 'none';
  checksums?: { rows: number; row_sum: string; columns: ColumnProof[] };
  snapshot: string | null;
  resumed: boolean;
  notices?: Notice[];
  code: string | null;
  message: string | null;
  hint?: string | null;
  seconds: number;
}

/** The report of an attempt, where it came to one. */
export function reportOf(value: unknown): TableReport | null {
  if (typeof value !== 'object' || value === null || !('state' in value) || !('rows_read' in value))
    return null;
  return value as TableReport;
}

/** How far an attempt is that runs, as its log tells. */
export interface Progress {
  step: 'begun' | 'reading' | 'proving' | 'publishing' | 'published';
  parts: number;
  done: number;
  read: number;
  rejected: number;
}

/** Read from the lines of the log; the service gives no other account of what runs. */
export function progressOf(log: readonly string[]): Progress {
  const progress: Progress = { step: 'begun', parts: 0, done: 0, read: 0, rejected: 0 };
  for (const line of log) {
    const cut = line.match(/^cut into (\d+) parts?$/);
    const part = line.match(/^part done: (\d+) read, (\d+) rejected$/);
    if (cut) {
      // Also where the run began anew, at another moment.
      Object.assign(progress, { step: 'reading', parts: Number(cut[1]), done: 0, read: 0, rejected: 0 });
    } else if (part) {
      progress.done += 1;
      progress.read += Number(part[1]);
      progress.rejected += Number(part[2]);
      if (progress.done >= progress.parts) progress.step = 'proving';
    } else if (line.startsWith('read back ') || line.startsWith('publishing ')) {
      progress.step = 'publishing';
    } else if (line.startsWith('published')) {
      progress.step = 'published';
    }
  }
  return progress;
}
