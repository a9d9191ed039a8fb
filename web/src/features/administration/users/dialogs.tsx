import { useQueryClient } from '@tanstack/react-query';
import { Alert, App, Form, Switch } from 'antd';
import { useState } from 'react';
import { api, call, ifMatch, type Schemas } from '@/api/client';
import { useMe } from '@/app/session';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { FormModal } from '@/ui/FormModal';
import { called } from '@/ui/people';
import { readUser, type User, useEditUser, usersChanged } from './editing';
import { LoginNameField, PasswordFields, PersonalFields, RoleField } from './fields';
import { useTexts } from './texts';

type Role = Schemas['Role'];

interface Fields {
  name: string;
  'display-name': string;
  email: string;
  role: Role | '';
  disabled: boolean;
  password: string;
}

export function CreateUser({ onClose }: { onClose: () => void }) {
  const say = useTexts();
  const client = useQueryClient();
  const { message } = App.useApp();
  const create = async (fields: Fields) => {
    const made = await call(
      api.POST('/users', {
        body: {
          name: fields.name.trim(),
          'display-name': fields['display-name'],
          email: fields.email,
          password: fields.password,
          role: fields.role || null,
        },
      }),
    );
    await usersChanged(client);
    message.success(say('created', { name: called(made) }));
  };
  return (
    <FormModal<Fields>
      title={say('create')}
      action={say('create-action')}
      initial={{ name: '', 'display-name': '', email: '', role: '' }}
      onSubmit={create}
      onClose={onClose}
    >
      <LoginNameField autoFocus />
      <PersonalFields />
      <RoleField />
      <PasswordFields />
    </FormModal>
  );
}

export function EditUser({ user, onClose }: { user: User; onClose: () => void }) {
  const say = useTexts();
  const me = useMe();
  const edit = useEditUser();
  const { message } = App.useApp();
  const [base, setBase] = useState(user);
  const save = async ({ role, ...fields }: Fields) => {
    await edit(base, { ...fields, name: fields.name.trim(), role: role || null });
    message.success(say('saved'));
  };
  return (
    <FormModal<Fields>
      title={say('edit-title', { name: called(base) })}
      action={say('save')}
      initial={{
        name: base.name,
        'display-name': base['display-name'],
        email: base.email,
        role: base.role ?? '',
        disabled: base.disabled,
      }}
      onSubmit={save}
      onClose={onClose}
      onReload={async () => setBase(await readUser(base.id))}
    >
      <LoginNameField />
      <PersonalFields />
      <RoleField />
      <Form.Item
        name="disabled"
        label={say('disabled')}
        extra={say('disabled-help')}
        valuePropName="checked"
        hidden={base.id === me.user.id}
      >
        <Switch />
      </Form.Item>
    </FormModal>
  );
}

export function SetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const say = useTexts();
  const { message } = App.useApp();
  const name = called(user);
  const set = async ({ password }: Fields) => {
    await call(
      api.PUT('/users/{user}/password', {
        params: { path: { user: user.id } },
        body: { new: password },
      }),
    );
    message.success(say('password-set', { name }));
  };
  return (
    <FormModal<Fields>
      title={say('set-password-title', { name })}
      action={say('set-password')}
      initial={{}}
      onSubmit={set}
      onClose={onClose}
    >
      <Alert type="info" showIcon title={say('set-password-intro', { name })} style={{ marginBottom: 16 }} />
      <PasswordFields autoFocus />
    </FormModal>
  );
}

export function RemoveUser({ user, onClose }: { user: User | null; onClose: () => void }) {
  const say = useTexts();
  const client = useQueryClient();
  const { message } = App.useApp();
  const name = user?.name ?? '';
  const remove = async () => {
    if (user === null) return;
    await call(
      api.DELETE('/users/{user}', {
        params: { path: { user: user.id }, header: ifMatch(user.edition) },
      }),
    );
    await usersChanged(client);
    message.success(say('removed', { name }));
    onClose();
  };
  return (
    <ConfirmTyped
      open={user !== null}
      title={say('remove-title', { name })}
      consequence={say('remove-consequence')}
      word={name}
      action={say('remove')}
      onConfirm={remove}
      onCancel={onClose}
    />
  );
}
