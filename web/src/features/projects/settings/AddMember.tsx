import { useQueryClient } from '@tanstack/react-query';
import { App, Form, Select } from 'antd';
import { useProject } from '@/app/project';
import { ExplainedRadios } from '@/ui/Explained';
import { FormModal } from '@/ui/FormModal';
import { called, usePeople } from '@/ui/people';
import { PROJECT_ROLES, type Role, useRoleTexts } from '@/ui/rights';
import { reread, useEditProject } from '../editing';
import { useTexts } from './texts';

interface Fields {
  person: string;
  role: Role;
}

/** Gives somebody a role in the project. */
export function AddMember({ onClose }: { onClose: () => void }) {
  const say = useTexts();
  const role = useRoleTexts();
  const project = useProject();
  const people = usePeople();
  const edit = useEditProject();
  const client = useQueryClient();
  const { message } = App.useApp();
  const others = (people.data ?? []).filter(({ id }) => project.members?.[id] === undefined);
  const add = async ({ person, role: given }: Fields) => {
    // One more member takes nothing away from what somebody else changed meanwhile.
    const base = await reread(client, project.id);
    await edit.mutateAsync({ base, changes: { members: { ...base.members, [person]: given } } });
    const found = others.find(({ id }) => id === person);
    message.success(say('added', { name: found ? called(found) : person }));
  };
  return (
    <FormModal<Fields>
      title={say('add-title')}
      action={say('add-action')}
      initial={{ role: 'developer' }}
      onSubmit={add}
      onClose={onClose}
    >
      <Form.Item
        name="person"
        label={say('person')}
        rules={[{ required: true, message: say('needs-person') }]}
      >
        <Select<string>
          autoFocus
          placeholder={say('choose-person')}
          loading={people.isPending}
          showSearch={{ optionFilterProp: 'label' }}
          notFoundContent={say('no-people')}
          options={others.map((person) => ({
            value: person.id,
            label: person['display-name'] ? `${person['display-name']} (${person.name})` : person.name,
          }))}
        />
      </Form.Item>
      <Form.Item name="role" label={say('role')}>
        <ExplainedRadios
          label={say('role')}
          choices={PROJECT_ROLES.map((one) => ({
            value: one,
            label: role(one),
            explained: role(`${one}-does`),
          }))}
        />
      </Form.Item>
    </FormModal>
  );
}
