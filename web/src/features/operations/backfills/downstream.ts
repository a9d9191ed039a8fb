import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import type { TaskShown } from '../common/types';

const MOST = 300;
const AT_ONCE = 4;

/** All tasks downstream of one, however far; the service tells of one step at a time. */
export function useDownstream(task: string | undefined, environment: Environment) {
  const project = useProject();
  return useQuery({
    queryKey: ['tasks', project.id, 'downstream', environment, task],
    enabled: task !== undefined,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const read = (id: string) =>
        call(
          api.GET('/projects/{project}/tasks/{task}', {
            params: { path: { project: project.id, task: id }, query: { environment } },
            signal,
          }),
        );
      return walked(task ?? '', read);
    },
  });
}

async function walked(start: string, read: (id: string) => Promise<TaskShown>): Promise<TaskShown[]> {
  const seen = new Set([start]);
  const found: TaskShown[] = [];
  let next = [start];
  while (next.length > 0 && found.length < MOST) {
    const tasks = await Promise.all(next.splice(0, AT_ONCE).map(read));
    for (const task of tasks) {
      if (task.id !== start) found.push(task);
      for (const id of task.downstream ?? []) {
        if (seen.has(id)) continue;
        seen.add(id);
        next = [...next, id];
      }
    }
  }
  return found.sort((a, b) => a.name.localeCompare(b.name));
}
