import { useQuery } from '@tanstack/react-query';
import { all, api, call } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import type { BackfillProgress, InstanceLine, StateCounts } from '../common/types';
import { isEnded } from '../common/types';

/** All backfills of the project, the newest first. */
export function useBackfills() {
  const project = useProject();
  return useQuery({
    queryKey: ['backfills', project.id, 'list'],
    queryFn: () =>
      all((after) =>
        call(
          api.GET('/projects/{project}/backfills', {
            params: { path: { project: project.id }, query: { after, limit: 500 } },
          }),
        ),
      ),
    select: (listed) => [...listed].sort((a, b) => b['changed-at'].localeCompare(a['changed-at'])),
  });
}

/** Instances that are read for one backfill's dates at most. */
export const MOST_READ = 5000;

/** How far each date of a backfill is. Read anew every few seconds while it runs, not with each event: it may be much. */
export function useDates(backfill: BackfillProgress, isOpen: boolean) {
  const project = useProject();
  const { id, state } = backfill;
  const environment: Environment = backfill.environment === 'development' ? 'development' : 'production';
  return useQuery({
    queryKey: ['backfill-dates', project.id, id, isEnded(state)],
    enabled: isOpen,
    refetchInterval: isEnded(state) ? false : 4000,
    queryFn: () =>
      all(
        (after) =>
          call(
            api.GET('/projects/{project}/instances', {
              params: {
                path: { project: project.id },
                query: {
                  environment,
                  origin: id,
                  limit: 500,
                  after: after === undefined ? undefined : Number(after),
                },
              },
            }),
          ),
        MOST_READ,
      ),
    select: byDate,
  });
}

export function byDate(lines: readonly InstanceLine[]): { bizdate: string; counts: StateCounts }[] {
  const dates = new Map<string, StateCounts>();
  for (const { bizdate, state } of lines) {
    const counts = dates.get(bizdate) ?? {};
    counts[state] = (counts[state] ?? 0) + 1;
    dates.set(bizdate, counts);
  }
  return [...dates]
    .map(([bizdate, counts]) => ({ bizdate, counts }))
    .sort((a, b) => a.bizdate.localeCompare(b.bizdate));
}
