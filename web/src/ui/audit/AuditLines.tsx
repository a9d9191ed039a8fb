import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Flex, Input, Typography } from 'antd';
import { useDeferredValue, useMemo } from 'react';
import type { Schemas } from '@/api/client';
import { useProjects } from '@/app/project';
import { count } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { useNames } from '@/ui/people';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { withNames } from './changes';
import { LinesTable } from './LinesTable';
import { actionText, nameOf, projectOf } from './line';
import { useAuditTexts } from './texts';

type Line = Schemas['AuditShown'];
type AuditPage = Schemas['AuditPage'];
type Names = Record<string, string>;

/** Lines of the audit log, the newest first, or from the line that the address names (`line`) backwards. */
export function AuditLines({
  queryKey,
  read,
  zone,
  withProject = false,
}: {
  queryKey: readonly string[];
  read: (before: number | undefined) => Promise<AuditPage>;
  zone?: string;
  withProject?: boolean;
}) {
  const say = useAuditTexts();
  const search = useSearch();
  const from = Number(search.get('line')) || undefined;
  const typed = search.get('filter') ?? '';
  const filter = useDeferredValue(typed);
  const pages = useInfiniteQuery({
    queryKey: [...queryKey, from ?? 'newest'],
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: from === undefined ? undefined : from + 1,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const known = useKnown(pages.data?.pages);
  const lines = useMemo(() => pages.data?.pages.flatMap((page) => page.items) ?? [], [pages.data]);
  const shown = useMemo(() => lines.filter((line) => matches(line, known, filter)), [lines, known, filter]);
  return (
    <Flex vertical gap={12}>
      <Flex gap={12} align="center" wrap>
        <Input.Search
          allowClear
          aria-label={say('filter')}
          placeholder={say('filter')}
          value={typed}
          onChange={(event) => search.set({ filter: event.target.value })}
          style={{ width: 280 }}
        />
        <Typography.Text type="secondary" role="status">
          {filter
            ? say('matching', { matching: count(shown.length), count: lines.length })
            : say('shown', { count: lines.length })}
        </Typography.Text>
        {from !== undefined && (
          <>
            <Typography.Text>{say('from_line', { line: count(from) })}</Typography.Text>
            <Button size="small" onClick={() => search.set({ line: null })}>
              {say('newest')}
            </Button>
          </>
        )}
      </Flex>
      <Problem error={pages.error} />
      {pages.isPending && <Waiting />}
      {pages.data && <LinesTable lines={shown} known={known} zone={zone} withProject={withProject} />}
      {pages.hasNextPage && (
        <Button
          style={{ alignSelf: 'center' }}
          loading={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {say('older')}
        </Button>
      )}
    </Flex>
  );
}

/** What ids stand for: people and projects, and whatever the lines themselves name. */
function useKnown(pages: AuditPage[] | undefined): Names {
  const names = useNames();
  const projects = useProjects();
  return useMemo(() => {
    const known: Names = {};
    // The newest first: what was renamed has its last name.
    for (const line of pages?.flatMap((page) => page.items) ?? []) {
      const name = nameOf(line);
      if (name !== undefined && line.subject) known[line.subject] ??= name;
    }
    const ofProjects = Object.fromEntries((projects.data ?? []).map(({ id, name }) => [id, name]));
    return Object.assign(known, ofProjects, ...(pages ?? []).map((page) => page.people), names);
  }, [pages, projects.data, names]);
}

function matches(line: Line, names: Names, typed: string): boolean {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return true;
  const parts = [
    line.at,
    names[line.person] ?? line.person,
    line.action,
    actionText(line.action),
    line.subject,
    names[projectOf(line)] ?? '',
    line.address,
    JSON.stringify(line.detail),
  ];
  return withNames(parts.join(' '), names).toLowerCase().includes(wanted);
}
