import { useQueryClient } from '@tanstack/react-query';
import { DatePicker, Form, Input, InputNumber, Radio, Select, Typography } from 'antd';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, call, type Schemas } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import { FormModal } from '@/ui/FormModal';
import { count } from '@/ui/format';
import { keepEnter } from '@/ui/keys';
import { bizdateOf, today } from '../common/dates';
import { useEnvironment } from '../common/environment';
import { newKey } from '../common/key';
import { usePlace } from '../common/links';
import { TaskSelect } from '../common/TaskSelect';
import { useOperationTexts } from '../common/texts';
import type { TaskShown } from '../common/types';
import { useDownstream } from './downstream';
import { useBackfillTexts } from './texts';

type Which = 'none' | 'all' | 'these';

interface Values {
  task: string;
  range: [Dayjs, Dayjs];
  groups: number;
  downstream: Which;
  these?: string[];
  name?: string;
}

const MOST_GROUPS = 12;

/** Backfills a task over a range of dates, and shows how far it gets. */
export function BackfillDialog({ task, onClose }: { task?: TaskShown; onClose: () => void }) {
  const say = useBackfillTexts();
  const project = useProject();
  const environment = useEnvironment();
  const place = usePlace();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [form] = Form.useForm<Values>();
  const [key] = useState(newKey);
  const submit = async (values: Values) => {
    const made = await call(
      api.POST('/projects/{project}/backfills', {
        params: { path: { project: project.id } },
        body: { key, name: values.name?.trim() || undefined, backfill: asked(values, environment) },
      }),
    );
    void client.invalidateQueries({ queryKey: ['backfills', project.id] });
    void client.invalidateQueries({ queryKey: ['instances', project.id] });
    void navigate(place('backfills', { backfill: made.id }));
  };
  const yesterday = today(project['time-zone']).subtract(1, 'day');
  return (
    <FormModal<Values>
      title={task ? `${say('createTitle')}: ${task.name}` : say('createTitle')}
      action={say('start')}
      form={form}
      width={620}
      initial={{ task: task?.id, groups: 1, downstream: 'none' }}
      onSubmit={submit}
      onClose={onClose}
    >
      <Fields isFixed={task !== undefined} environment={environment} last={yesterday} />
      <Arithmetic />
    </FormModal>
  );
}

function asked(
  { task, range: [first, last], groups, downstream, these = [] }: Values,
  environment: Environment,
): Schemas['Backfill'] {
  return {
    task,
    environment,
    first: bizdateOf(first),
    last: bizdateOf(last),
    groups,
    'with-downstream': downstream === 'these' ? these : downstream === 'all',
  };
}

function Fields({ isFixed, environment, last }: { isFixed: boolean; environment: Environment; last: Dayjs }) {
  const say = useBackfillTexts();
  const general = useOperationTexts();
  const rules = [{ required: true, message: say('needed') }];
  const which: Which = Form.useWatch('downstream') ?? 'none';
  return (
    <>
      <Form.Item name="task" label={general('task')} rules={rules} hidden={isFixed}>
        <TaskSelect environment={environment} />
      </Form.Item>
      <Form.Item name="range" label={say('range')} rules={rules}>
        <DatePicker.RangePicker
          autoFocus={isFixed}
          maxDate={last}
          onKeyDown={keepEnter}
          style={{ width: '100%' }}
          presets={[7, 14, 30].map((days) => ({
            label: say('lastDays', { days }),
            value: [last.subtract(days - 1, 'day'), last],
          }))}
        />
      </Form.Item>
      <Form.Item name="groups" label={say('groups')} extra={say('groupsHint')} rules={rules}>
        <InputNumber min={1} max={MOST_GROUPS} precision={0} />
      </Form.Item>
      <Form.Item name="downstream" label={say('downstream')}>
        <Radio.Group
          options={(['none', 'all', 'these'] as const).map((value) => ({
            value,
            label: say(`downstream-${value}`),
          }))}
        />
      </Form.Item>
      {which === 'these' && <These environment={environment} />}
      <Form.Item name="name" label={say('name')} extra={say('nameHint')}>
        <Input maxLength={256} />
      </Form.Item>
    </>
  );
}

function These({ environment }: { environment: Environment }) {
  const say = useBackfillTexts();
  const task: string | undefined = Form.useWatch('task');
  const downstream = useDownstream(task, environment);
  if (downstream.data?.length === 0) {
    return <Typography.Paragraph type="secondary">{say('noDownstream')}</Typography.Paragraph>;
  }
  return (
    <Form.Item
      name="these"
      label={say('chooseDownstream')}
      rules={[{ required: true, message: say('needed') }]}
    >
      <Select
        mode="multiple"
        loading={downstream.isFetching}
        showSearch={{ optionFilterProp: 'label' }}
        maxTagCount={6}
        options={downstream.data?.map(({ id, name }) => ({ value: id, label: name }))}
      />
    </Form.Item>
  );
}

/** What it comes to, before it is asked for. */
function Arithmetic() {
  const say = useBackfillTexts();
  const range: [Dayjs, Dayjs] | undefined = Form.useWatch('range');
  const which: Which = Form.useWatch('downstream') ?? 'none';
  const these: string[] = Form.useWatch('these') ?? [];
  if (!range?.[0] || !range[1]) return null;
  const days = range[1].diff(range[0], 'day') + 1;
  const tasks = which === 'these' ? these.length + 1 : 1;
  const text =
    which === 'all'
      ? say('arithmeticAll', { days: count(days) })
      : say('arithmetic', { days: count(days), tasks: count(tasks), count: days * tasks });
  return (
    <Typography.Paragraph strong aria-live="polite">
      {text}
    </Typography.Paragraph>
  );
}
