import { useCallback } from 'react';
import { api, call, ProblemError, type Schemas } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
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
  const existingIn = async (rows: readonly Row[], environment: Environment): Promise<Schemas['Table'][]> => {
    try {
      return await ask(rows, async (body) => {
        const params = { path, query: { environment } };
        return (await call(api.POST('/projects/{project}/migrations/existing', { params, body }))).items;
      });
    } catch (error) {
      // A destination for production alone has no tables in development.
      const isNone = error instanceof ProblemError && error.problem.code === 'NO_DEVELOPMENT';
      if (isNone && environment === 'development') return [];
      throw error;
    }
  };
  /** Names of tables that the destination has already, in either environment of the project. */
  const existing = async (rows: readonly Row[]): Promise<string[]> => {
    const environments: Environment[] =
      project.mode === 'dev-prod' ? ['production', 'development'] : ['production'];
    const found = await Promise.all(environments.map((environment) => existingIn(rows, environment)));
    return [...new Set(found.flat().map((one) => one.table))].sort();
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
