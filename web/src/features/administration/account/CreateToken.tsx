import { CopyOutlined } from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Checkbox, Flex, Form, Input, InputNumber, Modal, Typography } from 'antd';
import dayjs from 'dayjs';
import { useId, useState } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useMe } from '@/app/session';
import { FormModal } from '@/ui/FormModal';
import { SHORT_NAME, useNameRules } from '@/ui/nameRules';
import { ALL_RIGHTS, type Right, useRightTexts } from '@/ui/rights';
import { useTexts } from './texts';

interface Fields {
  name: string;
  scopes: Right[];
  days: number;
}

const PRESETS = {
  'preset-read': ['view-project'],
  'preset-operate': ['view-project', 'operate'],
  'preset-deploy': ['view-project', 'edit-migrations', 'edit-statements', 'use-data-sources', 'publish'],
} as const satisfies Record<string, readonly Right[]>;

/** The rights that the person has anywhere: others would open nothing. */
function useOwnRights(): Right[] {
  const me = useMe();
  const own = new Set([...me.rights, ...Object.values(me.projects).flatMap(({ rights }) => rights)]);
  return ALL_RIGHTS.filter((right) => own.has(right));
}

/** Makes an API token, and shows it this once. */
export function CreateToken({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<Schemas['TokenMade'] | null>(null);
  if (made) return <ShownOnce made={made} onClose={onClose} />;
  return <TokenForm onMade={setMade} onClose={onClose} />;
}

function TokenForm({
  onMade,
  onClose,
}: {
  onMade: (made: Schemas['TokenMade']) => void;
  onClose: () => void;
}) {
  const say = useTexts();
  const right = useRightTexts();
  const client = useQueryClient();
  const own = useOwnRights();
  const [form] = Form.useForm<Fields>();
  const days = Form.useWatch('days', form);
  const create = async ({ name, ...rest }: Fields) => {
    const made = await call(api.POST('/tokens', { body: { name: name.trim(), ...rest } }));
    onMade(made);
    void client.invalidateQueries({ queryKey: ['tokens'] });
  };
  const take = (rights: readonly Right[]) =>
    form.setFieldsValue({ scopes: own.filter((one) => rights.includes(one)) });
  return (
    <FormModal<Fields>
      title={say('token-create')}
      action={say('token-action')}
      initial={{ name: '', scopes: ['view-project'], days: 90 }}
      form={form}
      width={640}
      onSubmit={create}
      onClose={onClose}
      // What was made is shown now, in place of this.
      onDone={() => {}}
    >
      <Form.Item
        name="name"
        label={say('token-name')}
        extra={say('token-name-help')}
        rules={useNameRules(SHORT_NAME)}
      >
        <Input autoFocus autoComplete="off" />
      </Form.Item>
      <Form.Item label={say('scopes')} extra={say('scopes-help')} required>
        <Flex wrap gap={8} style={{ marginBottom: 8 }}>
          {(Object.keys(PRESETS) as (keyof typeof PRESETS)[]).map((preset) => (
            <Button key={preset} size="small" onClick={() => take(PRESETS[preset])}>
              {say(preset)}
            </Button>
          ))}
          <Button size="small" onClick={() => take(own)}>
            {say('preset-all')}
          </Button>
        </Flex>
        <Form.Item
          name="scopes"
          noStyle
          rules={[
            {
              validator: (_, chosen: Right[]) =>
                chosen.length > 0 ? Promise.resolve() : Promise.reject(new Error(say('needs-scope'))),
            },
          ]}
        >
          <Checkbox.Group
            aria-label={say('scopes')}
            options={own.map((one) => ({ value: one, label: right(one) }))}
            style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 4 }}
          />
        </Form.Item>
      </Form.Item>
      <Form.Item
        name="days"
        label={say('days-after')}
        extra={days ? say('days-until', { date: dayjs().add(days, 'day').format('YYYY-MM-DD') }) : undefined}
        rules={[{ required: true, type: 'integer', min: 1, max: 3650, message: say('needs-days') }]}
      >
        <InputNumber min={1} max={3650} suffix={say('days-unit')} style={{ width: 160 }} />
      </Form.Item>
    </FormModal>
  );
}

function ShownOnce({ made, onClose }: { made: Schemas['TokenMade']; onClose: () => void }) {
  const say = useTexts();
  const id = useId();
  const { message } = App.useApp();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.token);
      message.success(say('copied'));
    } catch {
      message.warning(say('not-copied'));
    }
  };
  return (
    <Modal
      open
      width={640}
      title={say('token-shown', { name: made.name })}
      // A click beside it must not lose what is shown once.
      mask={{ closable: false }}
      keyboard={false}
      closable={false}
      footer={
        <Button type="primary" onClick={onClose}>
          {say('done')}
        </Button>
      }
    >
      <Flex vertical gap={12}>
        <Alert type="warning" showIcon title={say('token-once')} />
        <label htmlFor={id}>
          <Typography.Text strong>{say('token-text')}</Typography.Text>
        </label>
        <Flex gap={8}>
          <Input
            id={id}
            readOnly
            value={made.token}
            onFocus={(event) => event.target.select()}
            style={{ fontFamily: 'monospace' }}
          />
          <Button icon={<CopyOutlined />} onClick={() => void copy()} autoFocus>
            {say('copy')}
          </Button>
        </Flex>
      </Flex>
    </Modal>
  );
}
