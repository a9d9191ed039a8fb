import { App, Button, Card, Flex, Form, Typography } from 'antd';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { type Project, useMayHere } from '@/app/project';
import { useMay } from '@/app/session';
import { EditProblem } from '@/ui/FormModal';
import { DescriptionField, NameField, ZoneField } from '../fields';
import { RemoveProject } from '../RemoveProject';
import { useTexts as useProjectTexts } from '../texts';
import { useTexts } from './texts';
import { useBase } from './useBase';

type Fields = Pick<Project, 'name' | 'description' | 'time-zone'>;

function fieldsOf(project: Project): Fields {
  return { name: project.name, description: project.description, 'time-zone': project['time-zone'] };
}

/** What the project is called, and by which calendar it goes. */
export function General() {
  const may = useMay();
  const mayHere = useMayHere();
  return (
    <Flex vertical gap={24} style={{ maxWidth: 720 }}>
      <GeneralForm editable={mayHere('manage-project')} />
      {may('manage-system') && <Danger />}
    </Flex>
  );
}

function GeneralForm({ editable }: { editable: boolean }) {
  const say = useTexts();
  const sayOfAll = useProjectTexts();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const { base, edit, save, reload } = useBase(form);
  const filled = Form.useWatch([], form);
  const isChanged = filled !== undefined && JSON.stringify(filled) !== JSON.stringify(fieldsOf(base));
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was loaded anew takes the place of what was typed
  useEffect(() => {
    form.resetFields();
  }, [base.edition]);
  const submit = async (fields: Fields) => {
    await save({ ...fields, name: fields.name.trim() });
    message.success(say('saved'));
  };
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      disabled={!editable}
      requiredMark={false}
      initialValues={fieldsOf(base)}
      onFinish={(fields) => void submit(fields).catch(() => {})}
    >
      <NameField />
      <DescriptionField />
      <Form.Item label={say('mode')} extra={sayOfAll('mode-is-fixed')}>
        <Flex gap={8} align="baseline">
          <Typography.Text strong style={{ whiteSpace: 'nowrap' }}>
            {sayOfAll(base.mode)}
          </Typography.Text>
          <Typography.Text type="secondary">{sayOfAll(`${base.mode}-explained`)}</Typography.Text>
        </Flex>
      </Form.Item>
      <ZoneField extra={filled?.['time-zone'] === base['time-zone'] ? undefined : say('zone-change')} />
      <Form.Item label={say('id')} extra={say('id-help')}>
        <Typography.Text code copyable>
          {base.id}
        </Typography.Text>
      </Form.Item>
      {editable && (
        <Flex vertical gap={12}>
          <EditProblem error={edit.error} onReload={() => void reload()} />
          <Flex gap={8}>
            <Button type="primary" htmlType="submit" loading={edit.isPending} disabled={!isChanged}>
              {say('save')}
            </Button>
            {isChanged && <Button onClick={() => form.resetFields()}>{say('reset')}</Button>}
          </Flex>
        </Flex>
      )}
    </Form>
  );
}

function Danger() {
  const say = useTexts();
  const navigate = useNavigate();
  const { base, reload } = useBase();
  const [leaving, setLeaving] = useState(false);
  return (
    <Card size="small" title={say('danger')}>
      <Flex justify="space-between" align="center" gap={16}>
        <Typography.Text type="secondary">{say('danger-help')}</Typography.Text>
        <Button danger onClick={() => void reload().then(() => setLeaving(true))}>
          {say('remove')}
        </Button>
      </Flex>
      <RemoveProject
        project={leaving ? base : null}
        onRemoved={() => navigate('/projects')}
        onClose={() => setLeaving(false)}
      />
    </Card>
  );
}
