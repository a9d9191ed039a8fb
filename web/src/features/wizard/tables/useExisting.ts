import { useCallback } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { useDraft } from '../draft';
import type { Row } from './selection';
import { namingPart } from './useTargets';

/** The service looks at so many tables in one request. */
const AT_ONCE = 20_000;

/** Asks the service about all tables that are selected, in requests of the size that it takes. */
export function useAskAll() {
  const project = useProject();
  const { draft, name } = useDraft();
  const ask = useCallback(
    async <T>(rows: readonly Row[], one: (body: Schemas['PreviewRequest']) => Promise<T[]>): Promise<T[]> => {
      const document = namingPart(draft, name);
      const answers: T[] = [];
      for (let from = 0; from < rows.length; from += AT_ONCE) {
        const tables = rows.slice(from, from + AT_ONCE).map(({ schema, table }) => ({ schema, table }));
        answers.push(...(await one({ bizdate: null, document, tables })));
      }
      return answers;
    },
    [draft, name],
  );
  const path = { project: project.id };
  /** Names of tables that the destination has already. */
  const existing = async (rows: readonly Row[]): Promise<string[]> => {
    const found = await ask(rows, async (body) => {
      const answer = await call(
        api.POST('/projects/{project}/migrations/existing', { params: { path }, body }),
      );
      return answer.items;
    });
    return found.map((one) => one.table).sort();
  };
  const previewed = (rows: readonly Row[]): Promise<Schemas['PreviewedTable'][]> =>
    ask(rows, async (body) => {
      const answer = await call(
        api.POST('/projects/{project}/migrations/preview', { params: { path }, body }),
      );
      return answer.tables;
    });
  return { existing, previewed };
}
