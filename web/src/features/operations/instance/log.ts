import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';

/** What an attempt did, line by line; read again each second while it runs. */
export function useLog(instance: number, attempt: number | undefined, isRunning: boolean) {
  const project = useProject();
  return useQuery({
    queryKey: ['instances', project.id, 'log', instance, attempt],
    enabled: attempt !== undefined,
    placeholderData: keepPreviousData,
    refetchInterval: isRunning ? 1000 : false,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/instances/{instance}/log', {
          params: { path: { project: project.id, instance }, query: { attempt } },
        }),
      ),
  });
}
