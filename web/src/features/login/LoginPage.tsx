import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Form, Input, type InputRef, Typography } from 'antd';
import { useRef } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';
import { api, call, ProblemError, rememberCsrf, type Schemas } from '@/api/client';
import { Problem } from '@/ui/Problem';
import { Outside } from './Outside';
import { useTexts } from './texts';

export default function LoginPage() {
  const say = useTexts();
  const navigate = useNavigate();
  const place = useLocation();
  const client = useQueryClient();
  const password = useRef<InputRef>(null);
  const from: unknown = place.state?.from;
  const goesBack = typeof from === 'string' && from !== '/';
  const logIn = useMutation({
    mutationFn: (body: Schemas['LogIn']) => call(api.POST('/session', { body })),
    onSuccess: async ({ csrf }) => {
      rememberCsrf(csrf);
      client.clear();
      navigate(goesBack ? from : '/', { replace: true });
    },
    onError: () => password.current?.focus({ cursor: 'all' }),
  });
  return (
    <Outside title={say('logIn')}>
      {goesBack && <Typography.Paragraph type="secondary">{say('back')}</Typography.Paragraph>}
      <Form layout="vertical" requiredMark={false} onFinish={(body: Schemas['LogIn']) => logIn.mutate(body)}>
        <Form.Item
          name="name"
          label={say('name')}
          rules={[{ required: true, whitespace: true, message: say('needed') }]}
        >
          <Input autoFocus autoComplete="username" autoCapitalize="none" spellCheck={false} />
        </Form.Item>
        <Form.Item
          name="password"
          label={say('password')}
          rules={[{ required: true, message: say('needed') }]}
        >
          <Input.Password ref={password} autoComplete="current-password" />
        </Form.Item>
        <Refused error={logIn.error} />
        <Button type="primary" htmlType="submit" block loading={logIn.isPending}>
          {say('enter')}
        </Button>
      </Form>
      <Typography.Paragraph type="secondary" style={{ margin: '16px 0 0', fontSize: 13 }}>
        {say('first-start')}{' '}
        <Link to="/set-up" style={{ textDecoration: 'underline' }}>
          {say('to-set-up')}
        </Link>
      </Typography.Paragraph>
    </Outside>
  );
}

/** Why one is not let in; for wrong words, what one can do about it rather than what a program could. */
function Refused({ error }: { error: unknown }) {
  const say = useTexts();
  const style = { marginBottom: 16 };
  if (error instanceof ProblemError && error.problem.status === 401) {
    return (
      <Alert
        type="error"
        showIcon
        role="alert"
        title={say('wrong')}
        description={say('wrong-hint')}
        style={style}
      />
    );
  }
  return <Problem error={error} style={style} />;
}
