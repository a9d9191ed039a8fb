import type { Schemas } from '@/api/client';
import { HueTag } from './HueTag';
import { defineTexts } from './texts';

export const useStateTexts = defineTexts(
  'states',
  {
    'not-run': 'Not run',
    'waiting-for-time': 'Waiting for its time',
    throttled: 'Waiting for a connection',
    'waiting-for-resources': 'Waiting for scheduling resources',
    running: 'Running',
    succeeded: 'Succeeded',
    failed: 'Failed',
  },
  {
    'not-run': '未运行',
    'waiting-for-time': '等待定时',
    throttled: '等待连接',
    'waiting-for-resources': '等待调度资源',
    running: '运行中',
    succeeded: '成功',
    failed: '失败',
  },
);

export type InstanceState = Schemas['InstanceState'];

/** The order in which states are told. */
export const STATES: readonly InstanceState[] = [
  'failed',
  'running',
  'waiting-for-resources',
  'throttled',
  'waiting-for-time',
  'not-run',
  'succeeded',
];

/** The hue of a state, in plots and beside its name. */
export const STATE_HUES: Record<InstanceState, string> = {
  'not-run': '#9aa5b1',
  'waiting-for-time': '#7b8794',
  throttled: '#e0a100',
  'waiting-for-resources': '#c77700',
  running: '#2f80ed',
  succeeded: '#2e9e5b',
  failed: '#d64545',
};

/** A state by its name. */
export function StateTag({ state }: { state: InstanceState }) {
  const say = useStateTexts();
  return <HueTag hue={STATE_HUES[state]} text={say(state)} state={state} />;
}
