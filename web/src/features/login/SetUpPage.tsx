import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Button, Form, Input, Typography } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { api, call, rememberCsrf } from '@/api/client';
import { Problem } from '@/ui/Problem';
import { Outside } from './Outside';
import { useTexts } from './texts';

interface Filled {
  token: string;
  name: string;
  password: string;
}

/** The token after the `#`, which no server and no log sees; it leaves the address at once. */
function tokenOfAddress(): string {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '';
  if (token) window.history.replaceState(null, '', window.location.pathname);
  return token;
}

export default function SetUpPage() {
  const say = useTexts();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [token] = useState(tokenOfAddress);
  const setUp = useMutation({
    mutationFn: ({ token, name, password }: Filled) =>
      call(api.POST('/set-up', { body: { token, name, password } })),
    onSuccess: ({ csrf }) => {
      rememberCsrf(csrf);
      client.clear();
      navigate('/projects', { replace: true });
    },
  });
  const needed = { required: true, message: say('needed') };
  return (
    <Outside title={say('setUp')}>
      <Typography.Paragraph type="secondary">{say('intro')}</Typography.Paragraph>
      <Form
        layout="vertical"
        requiredMark={false}
        initialValues={{ token }}
        onFinish={(filled: Filled) => setUp.mutate(filled)}
      >
        <Form.Item name="token" label={say('token')} rules={[needed]}>
          <Input.Password autoFocus={token === ''} autoComplete="off" />
        </Form.Item>
        <Form.Item name="name" label={say('name')} rules={[needed]}>
          <Input autoFocus={token !== ''} autoComplete="username" autoCapitalize="none" spellCheck={false} />
        </Form.Item>
        <Form.Item
          name="password"
          label={say('password')}
          rules={[needed, { min: 12, message: say('short') }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="again"
          label={say('again')}
          dependencies={['password']}
          rules={[
            needed,
            ({ getFieldValue }) => ({
              validator: (_, value) =>
                value === getFieldValue('password')
                  ? Promise.resolve()
                  : Promise.reject(new Error(say('differs'))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Problem error={setUp.error} style={{ marginBottom: 16 }} />
        <Button type="primary" htmlType="submit" block loading={setUp.isPending}>
          {say('create')}
        </Button>
      </Form>
      <Typography.Paragraph style={{ margin: '16px 0 0', fontSize: 13 }}>
        <Link to="/login">{say('to-log-in')}</Link>
      </Typography.Paragraph>
    </Outside>
  );
}
