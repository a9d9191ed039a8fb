import { Form, type FormRule, Input } from 'antd';
import { ExplainedRadios } from '@/ui/Explained';
import { SHORT_NAME, useNameRules } from '@/ui/nameRules';
import { SYSTEM_ROLES, useRoleTexts } from '@/ui/rights';
import { useTexts } from './texts';

const SHORTEST_PASSWORD = 12;

export function LoginNameField({ autoFocus = false }: { autoFocus?: boolean }) {
  const say = useTexts();
  return (
    <Form.Item name="name" label={say('name')} extra={say('name-help')} rules={useNameRules(SHORT_NAME)}>
      <Input autoFocus={autoFocus} autoComplete="off" />
    </Form.Item>
  );
}

/** What is for people: everybody may change it of themselves. */
export function PersonalFields() {
  const say = useTexts();
  return (
    <>
      <Form.Item name="display-name" label={say('display-name')}>
        <Input autoComplete="off" maxLength={254} />
      </Form.Item>
      <Form.Item name="email" label={say('email')} rules={[{ type: 'email', message: say('bad-email') }]}>
        <Input type="email" autoComplete="off" maxLength={254} />
      </Form.Item>
    </>
  );
}

/** `''` stands for no role. */
export function RoleField() {
  const say = useTexts();
  const role = useRoleTexts();
  const choices = [
    { value: '', label: say('none'), explained: say('none-does') },
    ...SYSTEM_ROLES.map((one) => ({ value: one, label: role(one), explained: role(`${one}-does`) })),
  ];
  return (
    <Form.Item name="role" label={say('role')}>
      <ExplainedRadios choices={choices} label={say('role')} />
    </Form.Item>
  );
}

/** A new password, twice. */
export function PasswordFields({ autoFocus = false, help }: { autoFocus?: boolean; help?: string }) {
  const say = useTexts();
  const needed: FormRule = { required: true, message: say('needs-password') };
  return (
    <>
      <Form.Item
        name="password"
        label={say('password')}
        extra={help ?? say('password-help')}
        rules={[needed, { min: SHORTEST_PASSWORD, message: say('short') }]}
      >
        <Input.Password autoFocus={autoFocus} autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="again"
        label={say('password-again')}
        dependencies={['password']}
        rules={[
          needed,
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              !value || value === getFieldValue('password')
                ? Promise.resolve()
                : Promise.reject(new Error(say('differs'))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
    </>
  );
}
