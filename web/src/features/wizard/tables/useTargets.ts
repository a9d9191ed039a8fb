import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useDeferredValue, useMemo, useRef } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import type { Connector } from '@/forms/connectors';
import { type Draft, useDraft } from '../draft';
import { collisions, type Limits, type Named, tableName } from './naming';
import type { TableId } from './reference';
import type { Row } from './selection';
import { useDebounced } from './useDebounced';

/** So many tables are asked for at once, by their place in what is shown. */
const BLOCK = 100;
const TYPING_MS = 250;

export function limitsOf(writes: Connector | undefined): Limits {
  const names = writes?.capabilities.write?.names;
  return { longest: names?.longest ?? 127, lowerCase: names?.['lower-case'] ?? false };
}

/** What names depend on, and nothing else: a mistake elsewhere in the draft does not stand in their way. */
export function namingPart(draft: Draft, name: string): Record<string, unknown> {
  const { source, destination, names, method } = draft;
  return {
    name,
    source,
    destination,
    names,
    method,
    'task-names': draft['task-names'],
    tables: { all: true },
  };
}

export interface Target {
  name: string;
  /** Why it cannot be, in the words of the service, or by its kind. */
  fault?: Exclude<Named['fault'], undefined>;
  finding?: Schemas['Finding'];
}

/** Names of tables at the destination: at once by the rules, then as the service says. */
export function useTargets(shown: readonly Row[], blocks: readonly number[], selected: readonly Row[]) {
  const { draft, name } = useDraft();
  const project = useProject();
  const { rules, limits, local } = useLocalNames();
  const isKnown = draft.destination?.['data-source'] !== undefined;

  const document = useMemo(
    () => ({
      name,
      source: { 'data-source': draft.source?.['data-source'] },
      destination: { 'data-source': draft.destination?.['data-source'] },
      names: rules,
      tables: { all: true },
    }),
    [name, draft.source, draft.destination, rules],
  );
  const settled = useDebounced(document, TYPING_MS);
  const asked = useDebounced(blocks, TYPING_MS);
  const answers = useQueries({
    queries: asked.map((block) => {
      const tables = shown.slice(block * BLOCK, (block + 1) * BLOCK).map(plain);
      return {
        queryKey: ['migrations', project.id, 'names', settled, tables],
        enabled: isKnown && tables.length > 0,
        staleTime: 60_000,
        gcTime: 60_000,
        placeholderData: keepPreviousData,
        queryFn: () =>
          call(
            api.POST('/projects/{project}/migrations/preview', {
              params: { path: { project: project.id } },
              body: { bizdate: null, document: settled, tables },
            }),
          ),
      };
    }),
    combine: (results) => results.flatMap((one) => (one.isPlaceholderData ? [] : (one.data?.tables ?? []))),
  });
  const corrected = useMemo(() => {
    const isCurrent = settled === document;
    const known = isCurrent ? answers : [];
    return new Map(known.map((table) => [`${table.source.schema}\0${table.source.table}`, table]));
  }, [answers, settled, document]);

  const late = useDeferredValue(selected);
  const colliding = useMemo(() => {
    const groups = collisions(late.map((row) => [row.key, local(row)] as const));
    const byKey = new Map<string, readonly string[]>();
    for (const keys of groups.values()) for (const key of keys) byKey.set(key, keys);
    return byKey;
  }, [late, local]);

  const target = useMemo(
    () =>
      (row: Row): Target => {
        const said = corrected.get(row.key);
        // Others in the same request need not be chosen: who collides is told by `colliding`.
        if (!said || said.finding?.code === 'NAME_COLLISION') return local(row);
        return said.finding
          ? { ...local(row), finding: said.finding }
          : { name: said.target ?? local(row).name };
      },
    [corrected, local],
  );
  return { target, colliding, limits, rules, isKnown, local };
}

/** Names by the draft's rules; each table is named once as long as they stay. */
export function useLocalNames() {
  const { draft, writes } = useDraft();
  const names = draft.names;
  const rules = useMemo(() => names ?? {}, [names]);
  const limits = useMemo(() => limitsOf(writes), [writes]);
  const cache = useRef<{ of: unknown[]; known: Map<string, Named> }>({ of: [], known: new Map() });
  const local = useMemo(() => {
    if (cache.current.of[0] !== rules || cache.current.of[1] !== limits) {
      cache.current = { of: [rules, limits], known: new Map() };
    }
    const { known } = cache.current;
    return (row: Row): Named => {
      const before = known.get(row.key);
      if (before) return before;
      const named = tableName(rules, row, limits);
      known.set(row.key, named);
      return named;
    };
  }, [rules, limits]);
  return { rules, limits, local };
}

function plain({ schema, table }: TableId): TableId {
  return { schema, table };
}

/** The blocks that some rows stand in. */
export function blocksOf(first: number, last: number): number[] {
  const blocks: number[] = [];
  for (let block = Math.floor(first / BLOCK); block * BLOCK <= last; block += 1) blocks.push(block);
  return blocks;
}
