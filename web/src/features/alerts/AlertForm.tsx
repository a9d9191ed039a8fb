import { App, Flex, Form, Input, InputNumber, Select, Switch, TimePicker } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { ExplainedChecks } from '@/ui/Explained';
import { FormModal } from '@/ui/FormModal';
import { keepEnter } from '@/ui/keys';
import { SHORT_NAME, useNameRules } from '@/ui/nameRules';
import { type Alert, type AlertWritten, useAlertVerbs, useProductionTasks } from './editing';
import { useTexts } from './texts';
import { WayFields } from './WayFields';

type Cause = Schemas['Cause'];

export const CAUSES: readonly Cause[] = ['failed', 'timed-out', 'late', 'finished'];

export interface Fields {
  name: string;
  on: Cause[];
  by: string;
  tasks: string[];
  webhook: string;
  /** Whether an address that is kept goes. */
  forgets: boolean;
  mail: string[];
  every: number;
  enabled: boolean;
}

function fieldsOf(alert: Alert): Fields {
  return {
    name: alert.name,
    on: alert.on,
    by: alert['not-finished-by'] ?? '',
    tasks: alert.tasks ?? [],
    webhook: '',
    forgets: false,
    mail: alert['e-mail'] ?? [],
    every: alert['every-minutes'],
    enabled: !alert.disabled,
  };
}

const USUAL: Fields = {
  name: '',
  on: ['failed', 'timed-out'],
  by: '06:00',
  tasks: [],
  webhook: '',
  forgets: false,
  mail: [],
  every: 5,
  enabled: true,
};

function written(fields: Fields): AlertWritten {
  const address = fields.webhook.trim();
  const webhook = address ? { webhook: address } : fields.forgets ? { webhook: null } : {};
  return {
    name: fields.name.trim(),
    on: CAUSES.filter((cause) => fields.on.includes(cause)),
    'not-finished-by': fields.on.includes('late') ? fields.by : null,
    tasks: fields.tasks,
    'e-mail': fields.mail,
    'every-minutes': fields.every,
    disabled: !fields.enabled,
    ...webhook,
  };
}

/** Makes an alert, or changes one. */
export function AlertForm({ alert, onClose }: { alert?: Alert; onClose: () => void }) {
  const say = useTexts();
  const verbs = useAlertVerbs();
  const { message } = App.useApp();
  const [base, setBase] = useState(alert);
  const [form] = Form.useForm<Fields>();
  const save = async (fields: Fields) => {
    if (base) {
      await verbs.edit(base, written(fields));
      message.success(say('saved'));
    } else {
      const made = await verbs.create(written(fields));
      message.success(say('created', { name: made.name }));
    }
  };
  return (
    <FormModal<Fields>
      title={base ? say('edit', { name: base.name }) : say('create')}
      action={say(base ? 'save' : 'create-action')}
      initial={base ? { ...USUAL, ...fieldsOf(base), by: base['not-finished-by'] ?? USUAL.by } : USUAL}
      form={form}
      width={640}
      onSubmit={save}
      onClose={onClose}
      onReload={base && (async () => setBase(await verbs.show(base.id)))}
    >
      <AlertFields />
      <WayFields form={form} hasAddress={base?.webhook != null} />
      <RhythmFields />
    </FormModal>
  );
}

function AlertFields() {
  const say = useTexts();
  const project = useProject();
  const tasks = useProductionTasks();
  const on = Form.useWatch<Cause[] | undefined>('on') ?? [];
  return (
    <>
      <Form.Item name="name" label={say('name')} rules={useNameRules(SHORT_NAME)}>
        <Input autoFocus autoComplete="off" />
      </Form.Item>
      <Form.Item label={say('on')} required>
        <Form.Item
          name="on"
          noStyle
          rules={[
            {
              validator: (_, chosen: Cause[]) =>
                chosen.length > 0 ? Promise.resolve() : Promise.reject(new Error(say('needs-cause'))),
            },
          ]}
        >
          <ExplainedChecks
            label={say('on')}
            choices={CAUSES.map((cause) => ({
              value: cause,
              label: say(cause),
              explained: say(`${cause}-explained`),
            }))}
          />
        </Form.Item>
      </Form.Item>
      {on.includes('late') && (
        <Form.Item
          name="by"
          label={say('not-finished-by')}
          extra={say('not-finished-by-help', { zone: project['time-zone'] })}
          rules={[{ required: true, message: say('needs-time') }]}
          getValueProps={(time: string) => ({ value: time ? dayjs(`2000-01-01T${time}`) : null })}
          getValueFromEvent={(time: Dayjs | null) => time?.format('HH:mm') ?? ''}
        >
          <TimePicker
            onKeyDown={keepEnter}
            format="HH:mm"
            needConfirm={false}
            showNow={false}
            minuteStep={5}
            style={{ width: 140 }}
          />
        </Form.Item>
      )}
      <Form.Item name="tasks" label={say('tasks')} extra={say('tasks-help')}>
        <Select
          mode="multiple"
          placeholder={say('tasks-all')}
          loading={tasks.isPending}
          showSearch={{ optionFilterProp: 'label' }}
          maxTagCount={8}
          options={tasks.data?.map(({ id, name }) => ({ value: id, label: name }))}
        />
      </Form.Item>
    </>
  );
}

function RhythmFields() {
  const say = useTexts();
  return (
    <Flex gap={24} wrap>
      <Form.Item name="every" label={say('every')} extra={say('every-help')} rules={[{ required: true }]}>
        <InputNumber min={1} max={59} precision={0} suffix={say('every-unit')} style={{ width: 150 }} />
      </Form.Item>
      <Form.Item name="enabled" label={say('enabled')} extra={say('enabled-help')} valuePropName="checked">
        <Switch />
      </Form.Item>
    </Flex>
  );
}
