import { useQueryClient } from '@tanstack/react-query';
import { App, Flex, Form, Input, InputNumber, Select, Switch, Typography } from 'antd';
import { useState } from 'react';
import { api, call, ifMatch, type Schemas } from '@/api/client';
import { useProjects } from '@/app/project';
import { FormModal } from '@/ui/FormModal';
import { SHORT_NAME, useNameRules } from '@/ui/nameRules';
import type { Group } from './groups';
import { useTexts } from './groupTexts';

interface Fields {
  name: string;
  description: string;
  cores: number;
  memory: number;
  daily: boolean;
  projects: string[];
}

function fieldsOf(group: Group): Fields {
  return {
    name: group.name,
    description: group.description ?? '',
    cores: group['cpu-millis'] / 1000,
    memory: group['memory-mb'],
    daily: group['daily-scheduling'],
    projects: group.projects ?? [],
  };
}

/** What a table takes that runs. */
const ONE_TABLE = { cores: 1, memory: 512 };

const USUAL: Fields = { name: '', description: '', cores: 4, memory: 8192, daily: true, projects: [] };

function written(fields: Fields): Schemas['ResourceGroupWritten'] {
  return {
    name: fields.name.trim(),
    description: fields.description,
    'cpu-millis': Math.round(fields.cores * 1000),
    'memory-mb': fields.memory,
    'daily-scheduling': fields.daily,
    projects: fields.projects,
  };
}

/** Makes a resource group, or changes one. */
export function GroupForm({ group, onClose }: { group?: Group; onClose: () => void }) {
  const say = useTexts();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [base, setBase] = useState(group);
  const save = async (fields: Fields) => {
    const body = written(fields);
    if (base) {
      const params = { path: { group: base.id }, header: ifMatch(base.edition) };
      await call(api.PUT('/resource-groups/{group}', { params, body }));
    } else {
      await call(api.POST('/resource-groups', { body }));
    }
    await client.invalidateQueries({ queryKey: ['resource-groups'] });
    message.success(base ? say('saved') : say('created', { name: body.name }));
  };
  const reload = async () => {
    if (base) {
      setBase(await call(api.GET('/resource-groups/{group}', { params: { path: { group: base.id } } })));
    }
  };
  return (
    <FormModal<Fields>
      title={base ? say('edit', { name: base.name }) : say('create')}
      action={say(base ? 'save' : 'create-action')}
      initial={base ? fieldsOf(base) : USUAL}
      onSubmit={save}
      onClose={onClose}
      onReload={reload}
    >
      <GroupFields />
    </FormModal>
  );
}

function GroupFields() {
  const say = useTexts();
  const projects = useProjects();
  return (
    <>
      <Form.Item name="name" label={say('name')} rules={useNameRules(SHORT_NAME)}>
        <Input autoFocus autoComplete="off" />
      </Form.Item>
      <Form.Item name="description" label={say('description')}>
        <Input.TextArea autoSize={{ minRows: 1, maxRows: 4 }} />
      </Form.Item>
      <Flex gap={16}>
        <Form.Item
          name="cores"
          label={say('cpu')}
          style={{ flex: 1 }}
          rules={[
            { required: true, type: 'number', min: 0.001, message: say('quota') },
            { type: 'number', min: ONE_TABLE.cores, message: say('too-small'), warningOnly: true },
          ]}
        >
          <InputNumber min={0.001} step={0.5} suffix={say('cpu-unit')} style={{ width: '100%' }} />
        </Form.Item>
        <Form.Item
          name="memory"
          label={say('memory')}
          style={{ flex: 1 }}
          rules={[
            { required: true, type: 'number', min: 1, message: say('quota') },
            { type: 'number', min: ONE_TABLE.memory, message: say('too-small'), warningOnly: true },
          ]}
        >
          <InputNumber
            min={1}
            step={1024}
            precision={0}
            suffix={say('memory-unit')}
            style={{ width: '100%' }}
          />
        </Form.Item>
      </Flex>
      <Typography.Paragraph type="secondary" style={{ marginTop: -16 }}>
        {say('cpu-help')}
      </Typography.Paragraph>
      <Form.Item name="projects" label={say('projects')} extra={say('projects-help')}>
        <Select
          mode="multiple"
          placeholder={say('choose-projects')}
          loading={projects.isPending}
          showSearch={{ optionFilterProp: 'label' }}
          options={projects.data?.map(({ id, name }) => ({ value: id, label: name }))}
        />
      </Form.Item>
      <Form.Item name="daily" label={say('daily')} extra={say('daily-help')} valuePropName="checked">
        <Switch />
      </Form.Item>
    </>
  );
}
