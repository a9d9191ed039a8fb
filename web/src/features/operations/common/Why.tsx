import { QuestionCircleOutlined } from '@ant-design/icons';
import { Button, Popover, Spin, Typography } from 'antd';
import { useState } from 'react';
import { Code } from '@/ui/Code';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useInstance } from './queries';
import { reportOf } from './report';
import type { InstanceLine } from './types';

const useTexts = defineTexts(
  'why',
  {
    why: 'Why? Instance {{id}}',
    nothing: 'There is nothing more to say.',
    stopped: 'It was stopped before it began.',
    helps: 'What helps: {{hint}}',
  },
  {
    why: '原因：实例 {{id}}',
    nothing: '没有更多说明。',
    stopped: '开始之前已被停止。',
    helps: '建议：{{hint}}',
  },
);

/** Why an instance of a list waits or failed, asked for when somebody wants to know. */
export function Why({ line }: { line: InstanceLine }) {
  const say = useTexts();
  const [open, setOpen] = useState(false);
  if (line.state === 'succeeded' || line.state === 'running') return null;
  return (
    <Popover
      trigger={['click']}
      open={open}
      onOpenChange={setOpen}
      destroyOnHidden
      content={() => <Reason line={line} />}
    >
      <Button
        type="text"
        size="small"
        icon={<QuestionCircleOutlined />}
        aria-label={say('why', { id: line.id })}
        aria-expanded={open}
      />
    </Popover>
  );
}

function Reason({ line }: { line: InstanceLine }) {
  const say = useTexts();
  const instance = useInstance(line.id);
  if (instance.isPending) return <Spin size="small" />;
  if (instance.isError) return <Problem error={instance.error} />;
  const { state, reason, runs } = instance.data;
  const report = reportOf(runs[0]?.report);
  const said = state === 'failed' ? report?.message : reason;
  return (
    <div style={{ maxWidth: 420, overflowWrap: 'anywhere' }}>
      {state === 'failed' && report?.code && <Code code={report.code} />}{' '}
      {said ?? say(state === 'failed' && runs.length === 0 ? 'stopped' : 'nothing')}
      {state === 'failed' && report?.hint && (
        <div>
          <Typography.Text type="secondary">{say('helps', { hint: report.hint })}</Typography.Text>
        </div>
      )}
    </div>
  );
}
