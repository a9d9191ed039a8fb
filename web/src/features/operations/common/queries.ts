import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { all, api, call } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import type { InstanceKind, InstanceState } from './types';

export interface InstanceFilters {
  environment: Environment;
  state?: InstanceState;
  bizdate?: string;
  kind?: InstanceKind;
  origin?: string;
  task?: string;
}

/** One page of instances, the newest first. */
export function useInstances(
  filters: InstanceFilters,
  { after, limit, enabled = true }: { after?: string; limit: number; enabled?: boolean },
) {
  const project = useProject();
  return useQuery({
    queryKey: ['instances', project.id, 'list', filters, after, limit],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/instances', {
          params: {
            path: { project: project.id },
            query: { ...filters, limit, after: after === undefined ? undefined : Number(after) },
          },
        }),
      ),
  });
}

/** An instance with all that is known of it. */
export function useInstance(id: number, enabled = true) {
  const project = useProject();
  return useQuery({
    queryKey: ['instances', project.id, 'one', id],
    enabled,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/instances/{instance}', {
          params: { path: { project: project.id, instance: id } },
        }),
      ),
  });
}

/** How many instances of an environment, or of one of its days, are in each state. */
export function useCounts(environment: Environment, bizdate: string | undefined, enabled = true) {
  const project = useProject();
  return useQuery({
    enabled,
    queryKey: ['instances', project.id, 'counts', environment, bizdate],
    placeholderData: keepPreviousData,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/instance-counts', {
          params: { path: { project: project.id }, query: { environment, bizdate } },
        }),
      ),
  });
}

export function useTask(id: string | undefined, environment: Environment) {
  const project = useProject();
  return useQuery({
    queryKey: ['tasks', project.id, 'one', environment, id],
    enabled: id !== undefined,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/tasks/{task}', {
          params: { path: { project: project.id, task: id ?? '' }, query: { environment } },
        }),
      ),
  });
}

/** Resource groups by id, as far as the person may see them. */
export function useGroups() {
  return useQuery({
    queryKey: ['resource-groups'],
    staleTime: 60_000,
    queryFn: () =>
      all((after) => call(api.GET('/resource-groups', { params: { query: { after, limit: 500 } } }))),
    select: (groups) => new Map(groups.map((group) => [group.id, group])),
  });
}
