import { useQueryClient } from '@tanstack/react-query';
import { App, Form } from 'antd';
import { useNavigate } from 'react-router';
import { api, call, type Schemas } from '@/api/client';
import { FormModal } from '@/ui/FormModal';
import { projectsChanged } from './editing';
import { DescriptionField, GroupSelect, ModeField, NameField, ZoneField } from './fields';
import { useTexts } from './texts';

type Written = Schemas['ProjectWritten'];

/** The zone of the browser, which is most often that of the data. */
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'GMT+8';

/** Makes a project, and opens it. */
export function CreateProject({ onClose }: { onClose: () => void }) {
  const say = useTexts();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const create = async (values: Written) => {
    const body = { ...values, name: values.name.trim(), 'default-group': values['default-group'] || null };
    const made = await call(api.POST('/projects', { body }));
    await projectsChanged(client);
    message.success(say('created', { name: made.name }));
    navigate(`/p/${made.id}/data-sources`);
  };
  return (
    <FormModal<Written>
      title={say('create')}
      action={say('create-action')}
      initial={{ name: '', description: '', mode: 'basic', 'time-zone': HERE }}
      onSubmit={create}
      onClose={onClose}
    >
      <NameField autoFocus />
      <DescriptionField />
      <ModeField />
      <ZoneField />
      <Form.Item name="default-group" label={say('default-group')} extra={say('optional-group')}>
        <GroupSelect />
      </Form.Item>
    </FormModal>
  );
}
