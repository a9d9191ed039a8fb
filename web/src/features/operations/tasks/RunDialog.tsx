import { Form, Typography } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { FormModal } from '@/ui/FormModal';
import { BizdatePicker } from '../common/BizdatePicker';
import { lastBizdate } from '../common/dates';
import { newKey } from '../common/key';
import { usePlace } from '../common/links';
import { useOperationTexts } from '../common/texts';
import type { TaskShown } from '../common/types';
import { Parameters } from './Parameters';
import { useTasksTexts } from './texts';

interface Values {
  bizdate: string;
  parameters: { name: string; value: string }[];
}

/** Runs a task by hand, for one business date, and opens the instance. */
export function RunDialog({ task, onClose }: { task: TaskShown; onClose: () => void }) {
  const say = useTasksTexts();
  const general = useOperationTexts();
  const project = useProject();
  const may = useMayHere();
  const place = usePlace();
  const navigate = useNavigate();
  // Asked twice under one key, the service makes one instance.
  const [key] = useState(newKey);
  const { runs } = task.body;
  const known = runs.kind === 'pipeline' ? (runs.migration.parameters ?? {}) : {};
  const submit = async ({ bizdate, parameters }: Values) => {
    const changed = (parameters ?? []).filter(({ name, value }) => known[name] !== value);
    const { instance } = await call(
      api.POST('/projects/{project}/tasks/{task}/instances', {
        params: { path: { project: project.id, task: task.id }, query: { environment: task.environment } },
        body: {
          bizdate,
          key,
          parameters: Object.fromEntries(changed.map(({ name, value }) => [name, value ?? ''])),
        },
      }),
    );
    void navigate(place(`instances/${instance}`));
  };
  return (
    <FormModal<Values>
      title={say('runTitle', { task: task.name })}
      action={say('run')}
      initial={{
        bizdate: lastBizdate(project['time-zone']),
        parameters: Object.entries(known).map(([name, value]) => ({ name, value: String(value) })),
      }}
      onSubmit={submit}
      onClose={onClose}
    >
      <Typography.Paragraph type="secondary">{say('runAbout')}</Typography.Paragraph>
      <Form.Item
        name="bizdate"
        label={general('bizdate')}
        extra={say('bizdateHint')}
        rules={[{ required: true }]}
      >
        <BizdatePicker allowClear={false} />
      </Form.Item>
      {runs.kind === 'pipeline' &&
        (may('edit-statements') ? (
          <Parameters />
        ) : (
          <Typography.Text type="secondary">{say('mayNotParameters')}</Typography.Text>
        ))}
    </FormModal>
  );
}
