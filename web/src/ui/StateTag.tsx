import { Tag, type TagProps } from 'antd';
import type { Schemas } from '@/api/client';
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

/** The colour of a state, as Ant Design names it; plots use {@link STATE_HUES}. */
const COLOURS: Record<InstanceState, TagProps['color']> = {
  'not-run': 'default',
  'waiting-for-time': 'default',
  throttled: 'warning',
  'waiting-for-resources': 'warning',
  running: 'processing',
  succeeded: 'success',
  failed: 'error',
};

export const STATE_HUES: Record<InstanceState, string> = {
  'not-run': '#9aa5b1',
  'waiting-for-time': '#7b8794',
  throttled: '#e0a100',
  'waiting-for-resources': '#c77700',
  running: '#2f80ed',
  succeeded: '#2e9e5b',
  failed: '#d64545',
};

export function StateTag({ state }: { state: InstanceState }) {
  const say = useStateTexts();
  return (
    <Tag color={COLOURS[state]} data-state={state}>
      {say(state)}
    </Tag>
  );
}
