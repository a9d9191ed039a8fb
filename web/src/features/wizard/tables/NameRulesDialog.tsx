import { Button, Flex, Input, Modal, Radio, Typography } from 'antd';
import { useDeferredValue, useId, useState } from 'react';
import { ToneText } from '@/ui/ToneText';
import { useDraft } from '../draft';
import { NamePreview } from './NamePreview';
import { plainRules, type Rules, SCHEMA } from './naming';
import { RuleList } from './RuleList';
import { useTexts } from './rulesTexts';
import type { Row } from './selection';

const UNKNOWN = /\$\{(?!source_schema\})|\$\[/;

/** How source names become target names; what comes of it is seen while it is typed. */
export function NameRulesDialog({
  initial,
  rows,
  source,
  onClose,
}: {
  initial: Rules;
  /** Tables that are selected. */
  rows: readonly Row[];
  source: string | undefined;
  onClose: () => void;
}) {
  const say = useTexts();
  const { change, mayEdit } = useDraft();
  const [rules, setRules] = useState(initial);
  const shown = useDeferredValue(rules);
  const set = (more: Rules) => setRules((old) => ({ ...old, ...more }));
  const finish = () => {
    const plain = plainRules(rules);
    change(({ names: _, ...draft }) => (plain ? { ...draft, names: plain } : draft));
    onClose();
  };
  return (
    <Modal
      open
      style={{ top: 32 }}
      width={1040}
      title={say('title')}
      onCancel={onClose}
      footer={
        <Flex justify="space-between">
          <Button type="text" disabled={!mayEdit} onClick={() => setRules({})}>
            {say('clear')}
          </Button>
          <Flex gap={8}>
            <Button onClick={onClose}>{say('cancel')}</Button>
            <Button type="primary" disabled={!mayEdit} onClick={finish}>
              {say('ok')}
            </Button>
          </Flex>
        </Flex>
      }
    >
      <Typography.Paragraph type="secondary">{say('intro')}</Typography.Paragraph>
      <Flex gap={24} align="flex-start" wrap>
        <Flex vertical gap={16} style={{ flex: '1 1 440px', minWidth: 0 }}>
          <RuleList
            title={say('tableRules')}
            rules={rules['table-rules'] ?? []}
            onChange={(list) => set({ 'table-rules': list })}
            disabled={!mayEdit}
          />
          <Flex gap={12}>
            <Affix
              label={say('prefix')}
              placeholder="pre_"
              value={rules['table-prefix'] ?? ''}
              onChange={(text) => set({ 'table-prefix': text })}
              disabled={!mayEdit}
            />
            <Affix
              label={say('suffix')}
              placeholder="_prod"
              value={rules['table-suffix'] ?? ''}
              onChange={(text) => set({ 'table-suffix': text })}
              disabled={!mayEdit}
            />
          </Flex>
          <RuleList
            title={say('fieldRules')}
            hint={say('fieldHint')}
            rules={rules['field-rules'] ?? []}
            onChange={(list) => set({ 'field-rules': list })}
            disabled={!mayEdit}
          />
          <Flex vertical gap={4}>
            <Typography.Text strong>{say('illegal')}</Typography.Text>
            <Radio.Group
              aria-label={say('illegal')}
              value={rules.illegal ?? 'refuse'}
              disabled={!mayEdit}
              onChange={(event) => set({ illegal: event.target.value === 'convert' ? 'convert' : 'refuse' })}
              options={[
                { value: 'refuse', label: say('refuse') },
                { value: 'convert', label: say('convert') },
              ]}
            />
          </Flex>
        </Flex>
        <NamePreview rules={shown} rows={rows} source={source} />
      </Flex>
    </Modal>
  );
}

function Affix({
  label,
  placeholder,
  value,
  onChange,
  disabled,
}: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  disabled: boolean;
}) {
  const say = useTexts();
  const id = useId();
  const isBad = UNKNOWN.test(value);
  return (
    <Flex vertical gap={4} style={{ flex: 1, minWidth: 0 }}>
      <label htmlFor={id}>
        <Typography.Text strong>{label}</Typography.Text>
      </label>
      <Input
        id={id}
        placeholder={placeholder}
        value={value}
        disabled={disabled}
        status={isBad ? 'error' : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {isBad ? (
        <ToneText tone="wrong" style={{ fontSize: 12 }}>
          {say('affixBad', { variable: SCHEMA })}
        </ToneText>
      ) : (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {say('affixHint', { variable: SCHEMA })}
        </Typography.Text>
      )}
    </Flex>
  );
}
