import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { type Act, type InstanceLine, isEnded, isWaiting } from './types';

/** In the order in which they are offered. */
export const ACTS: readonly Act[] = [
  'rerun',
  'rerun-downstream',
  'force-rerun',
  'stop',
  'set-success',
  'pause',
  'resume',
];

/** What loses something, or what waits for others no more: asked about before it is done. */
export const ASKED: ReadonlySet<Act> = new Set(['rerun-downstream', 'force-rerun', 'stop', 'set-success']);

/** The service's rule for what makes sense with an instance of a list; it has the last word. */
export function isOffered(act: Act, { state, paused }: Pick<InstanceLine, 'state' | 'paused'>): boolean {
  switch (act) {
    case 'rerun':
    case 'rerun-downstream':
      return isEnded(state);
    case 'force-rerun':
      return true;
    case 'stop':
      return !isEnded(state);
    case 'set-success':
      return state === 'failed' || (paused && isWaiting(state));
    case 'pause':
      return !paused && !isEnded(state);
    case 'resume':
      return paused;
    case 'remove-upstream':
      return isWaiting(state);
  }
}

export interface Asked {
  act: Act;
  instances: readonly number[];
  onlyFailed?: boolean;
  upstream?: number;
}

export interface Refused {
  instance: number;
  error: unknown;
}

const AT_ONCE = 4;

/** Does something with instances, some at a time; tells how many it was done with, and which refused. */
export function useAct() {
  const project = useProject();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ act, instances, onlyFailed, upstream }: Asked) => {
      const left = [...instances];
      const refused: Refused[] = [];
      let done = 0;
      const worker = async () => {
        for (let instance = left.shift(); instance !== undefined; instance = left.shift()) {
          try {
            await call(
              api.POST('/projects/{project}/instances/{instance}/operations', {
                params: { path: { project: project.id, instance } },
                body: { operation: act, 'only-failed': onlyFailed ?? false, upstream },
              }),
            );
            done += 1;
          } catch (error) {
            refused.push({ instance, error });
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return { done, refused };
    },
    onSettled: () => {
      for (const noun of ['instances', 'dashboard', 'backfills']) {
        void client.invalidateQueries({ queryKey: [noun, project.id] });
      }
    },
  });
}
