import { useMutation } from '@tanstack/react-query';
import type { Schemas } from '@/api/client';
import { collisions } from './naming';
import { keyOf } from './reference';
import type { Row } from './selection';
import { useAskAll } from './useExisting';

export interface Validation {
  checked: number;
  /** Names that the target has already. */
  existing: ReadonlySet<string>;
  /** Why the target could not be asked. */
  existingError: unknown;
  existingRows: Row[];
  illegal: { row: Row; finding: Schemas['Finding'] }[];
  colliding: { row: Row; finding?: Schemas['Finding'] }[];
  severalSchemas: boolean;
}

/** Requirement R4.05: which target names exist, which are not allowed, which are the same. */
export function useValidation(local: (row: Row) => { name: string; fault?: 'illegal' | 'empty' | 'long' }) {
  const { existing, previewed } = useAskAll();
  return useMutation({
    mutationFn: async (rows: readonly Row[]): Promise<Validation> => {
      let existingError: unknown = null;
      const [tables, there] = await Promise.all([
        previewed(rows),
        existing(rows).catch((error: unknown) => {
          existingError = error;
          return [];
        }),
      ]);
      const byKey = new Map(rows.map((row) => [row.key, row]));
      const names = new Set(there);
      const result: Validation = {
        checked: rows.length,
        existing: names,
        existingError,
        existingRows: [],
        illegal: [],
        colliding: [],
        severalSchemas: false,
      };
      for (const { source, target, finding } of tables) {
        const row = byKey.get(keyOf(source));
        if (!row) continue;
        if (finding?.code === 'NAME_COLLISION') result.colliding.push({ row, finding });
        else if (finding) result.illegal.push({ row, finding });
        else if (target !== null && names.has(target)) result.existingRows.push(row);
      }
      // Requests have an end; whoever shares a name across them is found here.
      const known = new Set(result.colliding.map(({ row }) => row.key));
      for (const keys of collisions(rows.map((row) => [row.key, local(row) as never] as const)).values()) {
        for (const key of keys) {
          const row = byKey.get(key);
          if (row && !known.has(key)) result.colliding.push({ row });
        }
      }
      result.severalSchemas = new Set(result.colliding.map(({ row }) => row.schema)).size > 1;
      return result;
    },
  });
}
