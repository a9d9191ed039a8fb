import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';

/** What the backfill is called that instances are of; nothing where they are of a run by hand. */
export function useOrigin(origin: string | undefined): string | undefined {
  const project = useProject();
  const backfill = useQuery({
    queryKey: ['backfills', project.id, 'one', origin],
    enabled: origin !== undefined,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/backfills/{backfill}', {
          params: { path: { project: project.id, backfill: origin ?? '' } },
        }),
      ),
  });
  return backfill.data?.name;
}
