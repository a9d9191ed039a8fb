import { App, Button, Flex, Form, Typography } from 'antd';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useProjects } from '@/app/project';
import { useMe } from '@/app/session';
import { EditProblem } from '@/ui/FormModal';
import { useRoleTexts } from '@/ui/rights';
import { readUser, type User, useEditUser } from '../users/editing';
import { PersonalFields } from '../users/fields';
import { useTexts } from './texts';

type Fields = Pick<User, 'display-name' | 'email'>;

/** What everybody may change of themselves, and what they are. */
export function Profile() {
  const say = useTexts();
  const me = useMe();
  const edit = useEditUser();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const [base, setBase] = useState(me.user);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was loaded anew takes the place of what was typed
  useEffect(() => {
    form.resetFields();
  }, [base.edition]);
  const save = async (fields: Fields) => {
    setBusy(true);
    setError(null);
    try {
      setBase(await edit(base, fields));
      message.success(say('saved'));
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const reload = () =>
    readUser(base.id).then((user) => {
      setError(null);
      setBase(user);
    }, setError);
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      style={{ maxWidth: 480 }}
      initialValues={{ 'display-name': base['display-name'], email: base.email }}
      onFinish={(fields) => void save(fields)}
    >
      <Form.Item label={say('login-name')} extra={say('login-name-help')}>
        <Typography.Text strong>{me.user.name}</Typography.Text>
      </Form.Item>
      <PersonalFields />
      <Roles />
      <Flex vertical gap={12} align="start">
        <EditProblem error={error} onReload={() => void reload()} />
        <Button type="primary" htmlType="submit" loading={busy}>
          {say('save')}
        </Button>
      </Flex>
    </Form>
  );
}

function Roles() {
  const say = useTexts();
  const role = useRoleTexts();
  const me = useMe();
  const projects = useProjects();
  const own = Object.entries(me.projects);
  const name = (id: string) => projects.data?.find((project) => project.id === id)?.name ?? id;
  return (
    <>
      <Form.Item label={say('role')}>{me.user.role ? role(me.user.role) : say('no-role')}</Form.Item>
      {own.length > 0 && (
        <Form.Item label={say('projects')}>
          <Flex vertical gap={4}>
            {own.map(([id, given]) => (
              <Flex key={id} gap={8}>
                <Link to={`/p/${id}`}>{name(id)}</Link>
                <Typography.Text type="secondary">{role(given.role)}</Typography.Text>
              </Flex>
            ))}
          </Flex>
        </Form.Item>
      )}
    </>
  );
}
