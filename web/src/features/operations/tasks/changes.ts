import { useMutation, useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import type { Priority, TaskShown } from '../common/types';
import { useTasksTexts } from './texts';

function useTold() {
  const project = useProject();
  const client = useQueryClient();
  const { message, modal } = App.useApp();
  return {
    done: (text: string) => {
      for (const noun of ['tasks', 'instances']) {
        void client.invalidateQueries({ queryKey: [noun, project.id] });
      }
      void message.success(text);
    },
    refused: (title: string) => (error: Error) => void modal.error({ title, content: error.message }),
  };
}

/** Says which goes first. */
export function usePriority(task: TaskShown) {
  const say = useTasksTexts();
  const project = useProject();
  const told = useTold();
  return useMutation({
    mutationFn: (priority: Priority) =>
      call(
        api.PUT('/projects/{project}/tasks/{task}/priority', {
          params: { path: { project: project.id, task: task.id }, query: { environment: task.environment } },
          body: { priority },
        }),
      ),
    onSuccess: () => told.done(say('priorityDone')),
    onError: told.refused(task.name),
  });
}

/** Suspends a task, or lets it go on. */
export function useSuspend(task: TaskShown) {
  const say = useTasksTexts();
  const project = useProject();
  const told = useTold();
  return useMutation({
    mutationFn: (suspended: boolean) => {
      const params = {
        path: { project: project.id, task: task.id },
        query: { environment: task.environment },
      };
      return suspended
        ? call(api.POST('/projects/{project}/tasks/{task}/suspend', { params }))
        : call(api.POST('/projects/{project}/tasks/{task}/resume', { params }));
    },
    onSuccess: (_, suspended) => told.done(say(suspended ? 'suspendedDone' : 'resumedDone')),
    onError: told.refused(task.name),
  });
}
