import { useQuery, useQueryClient } from '@tanstack/react-query';
import { all, api, call, ifMatch, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';

export type Alert = Schemas['AlertShown'];
export type AlertWritten = Schemas['AlertWritten'];

export function useAlerts() {
  const project = useProject();
  return useQuery({
    queryKey: ['alerts', project.id],
    queryFn: () =>
      all((after) =>
        call(
          api.GET('/projects/{project}/alerts', {
            params: { path: { project: project.id }, query: { after, limit: 500 } },
          }),
        ),
      ),
  });
}

/** The tasks in production, which alerts may be of. */
export function useProductionTasks(enabled = true) {
  const project = useProject();
  return useQuery({
    queryKey: ['tasks', project.id, 'production', 'names'],
    enabled,
    staleTime: 60_000,
    queryFn: async () => {
      const tasks = await all((after) =>
        call(
          api.GET('/projects/{project}/tasks', {
            params: {
              path: { project: project.id },
              query: { environment: 'production', after, limit: 500 },
            },
          }),
        ),
      );
      return tasks.map(({ id, name }) => ({ id, name }));
    },
  });
}

/** What is done to alerts; each has the list read again. */
export function useAlertVerbs() {
  const project = useProject();
  const client = useQueryClient();
  const changed = () => client.invalidateQueries({ queryKey: ['alerts', project.id] });
  const path = (id: string) => ({ project: project.id, alert: id });
  return {
    create: async (body: AlertWritten) => {
      const params = { path: { project: project.id } };
      const made = await call(api.POST('/projects/{project}/alerts', { params, body }));
      await changed();
      return made;
    },
    /** Says all of it anew; a webhook that is left out stays, null removes it. */
    edit: async (base: Alert, changes: Partial<AlertWritten>) => {
      const { name, on, tasks, disabled } = base;
      const body: AlertWritten = {
        name,
        on,
        tasks,
        disabled,
        'not-finished-by': base['not-finished-by'],
        'e-mail': base['e-mail'],
        'every-minutes': base['every-minutes'],
        ...changes,
      };
      const params = { path: path(base.id), header: ifMatch(base.edition) };
      const edited = await call(api.PUT('/projects/{project}/alerts/{alert}', { params, body }));
      await changed();
      return edited;
    },
    remove: async (base: Alert) => {
      const params = { path: path(base.id), header: ifMatch(base.edition) };
      await call(api.DELETE('/projects/{project}/alerts/{alert}', { params }));
      await changed();
    },
    show: (id: string) => call(api.GET('/projects/{project}/alerts/{alert}', { params: { path: path(id) } })),
    tryOut: (id: string) =>
      call(api.POST('/projects/{project}/alerts/{alert}/try', { params: { path: path(id) } })),
  };
}
