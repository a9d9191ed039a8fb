import { Button, Flex, Form, type FormInstance, Input, Select, Typography } from 'antd';
import type { Fields } from './AlertForm';
import { useTexts } from './texts';

const MOST_PEOPLE = 20;

/** On which ways an alert tells: a webhook, whose address is written and never shown, and e-mail. */
export function WayFields({ form, hasAddress }: { form: FormInstance<Fields>; hasAddress: boolean }) {
  const say = useTexts();
  const forgets = Form.useWatch('forgets', form) ?? false;
  const keeps = hasAddress && !forgets;
  return (
    <>
      <Form.Item name="forgets" hidden valuePropName="checked">
        <input type="checkbox" />
      </Form.Item>
      <Form.Item label={say('webhook')} htmlFor="webhook" extra={say('webhook-help')}>
        <Form.Item
          name="webhook"
          noStyle
          dependencies={['mail', 'forgets']}
          rules={[
            { pattern: /^\s*https?:\/\/\S+\s*$/i, message: say('bad-webhook') },
            ({ getFieldValue }) => ({
              validator: (_, value: string) =>
                value || keeps || (getFieldValue('mail') ?? []).length > 0
                  ? Promise.resolve()
                  : Promise.reject(new Error(say('needs-way'))),
            }),
          ]}
        >
          <Input.Password
            id="webhook"
            autoComplete="off"
            placeholder={say(keeps ? 'webhook-kept' : 'webhook-new')}
          />
        </Form.Item>
        {hasAddress && (
          <Flex gap={8} align="center">
            {forgets && <Typography.Text type="warning">{say('webhook-removed')}</Typography.Text>}
            <Button
              type="link"
              size="small"
              style={{ padding: 0 }}
              onClick={() => {
                form.setFieldsValue({ forgets: !forgets });
                form.resetFields(['webhook']);
              }}
            >
              {say(forgets ? 'webhook-keep' : 'webhook-remove')}
            </Button>
          </Flex>
        )}
      </Form.Item>
      <Form.Item
        name="mail"
        label={say('e-mail')}
        extra={say('e-mail-help')}
        rules={[
          { type: 'array', max: MOST_PEOPLE, message: say('many-e-mails') },
          {
            validator: (_, addresses: string[] | undefined) => {
              const bad = addresses?.find((address) => !/^[^\s@]+@[^\s@]+$/.test(address));
              return bad === undefined
                ? Promise.resolve()
                : Promise.reject(new Error(say('bad-e-mail', { address: bad })));
            },
          },
        ]}
      >
        <Select
          mode="tags"
          open={false}
          suffixIcon={null}
          placeholder={say('e-mail-placeholder')}
          tokenSeparators={[',', ';', ' ', '\n']}
        />
      </Form.Item>
    </>
  );
}
