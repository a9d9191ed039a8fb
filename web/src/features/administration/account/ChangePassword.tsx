import { useMutation, useQueryClient } from '@tanstack/react-query';
import { App, Button, Form, Input, Typography } from 'antd';
import { api, call } from '@/api/client';
import { useMe } from '@/app/session';
import { Problem } from '@/ui/Problem';
import { PasswordFields } from '../users/fields';
import { useTexts } from './texts';

interface Fields {
  old: string;
  password: string;
}

/** Gives oneself another password. */
export function ChangePassword() {
  const say = useTexts();
  const me = useMe();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const change = useMutation({
    mutationFn: ({ old, password }: Fields) =>
      call(
        api.PUT('/users/{user}/password', {
          params: { path: { user: me.user.id } },
          body: { old, new: password },
        }),
      ),
    onSuccess: () => {
      form.resetFields();
      message.success(say('password-changed'));
      return client.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      requiredMark={false}
      style={{ maxWidth: 480 }}
      onFinish={(fields) => change.mutate(fields)}
    >
      <Typography.Paragraph type="secondary">{say('password-intro')}</Typography.Paragraph>
      {/* So that a password manager knows whose it is. */}
      <input type="text" name="username" autoComplete="username" value={me.user.name} readOnly hidden />
      <Form.Item
        name="old"
        label={say('old-password')}
        rules={[{ required: true, message: say('needs-old') }]}
      >
        <Input.Password autoComplete="current-password" />
      </Form.Item>
      <PasswordFields help={say('password-help')} />
      <Problem error={change.error} style={{ marginBottom: 16 }} />
      <Button type="primary" htmlType="submit" loading={change.isPending}>
        {say('change-password')}
      </Button>
    </Form>
  );
}
