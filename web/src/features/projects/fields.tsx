import { Flex, Form, Input, Select, type SelectProps, Typography } from 'antd';
import { cores, useGroups } from '@/features/administration/groups';
import { ExplainedRadios } from '@/ui/Explained';
import { bytes } from '@/ui/format';
import { SHORT_NAME, useNameRules } from '@/ui/nameRules';
import { TimeZoneSelect } from '@/ui/TimeZoneSelect';
import { useTexts } from './texts';

export function NameField({ autoFocus = false }: { autoFocus?: boolean }) {
  const say = useTexts();
  return (
    <Form.Item name="name" label={say('name')} rules={useNameRules(SHORT_NAME)}>
      <Input autoFocus={autoFocus} autoComplete="off" />
    </Form.Item>
  );
}

export function DescriptionField() {
  const say = useTexts();
  return (
    <Form.Item name="description" label={say('description')}>
      <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} />
    </Form.Item>
  );
}

export function ZoneField({ disabled, extra }: { disabled?: boolean; extra?: string }) {
  const say = useTexts();
  return (
    <Form.Item name="time-zone" label={say('zone')} extra={extra ?? say('zone-help')}>
      <TimeZoneSelect disabled={disabled} style={{ maxWidth: 360 }} />
    </Form.Item>
  );
}

export function ModeField() {
  const say = useTexts();
  const choices = (['basic', 'dev-prod'] as const).map((mode) => ({
    value: mode,
    label: say(mode),
    explained: say(`${mode}-explained`),
  }));
  return (
    <Form.Item name="mode" label={say('mode')} extra={say('mode-fixed')}>
      <ExplainedRadios choices={choices} label={say('mode')} />
    </Form.Item>
  );
}

/** Chooses a resource group of those that `project` may use; of those of nobody, where it is not there yet. */
export function GroupSelect({ project, ...rest }: SelectProps<string> & { project?: string }) {
  const groups = useGroups();
  const usable = (groups.data ?? []).filter((group) => {
    const bound = group.projects ?? [];
    return bound.length === 0 || (project !== undefined && bound.includes(project));
  });
  return (
    <Select<string>
      {...rest}
      allowClear
      loading={groups.isPending}
      showSearch={{ optionFilterProp: 'label' }}
      options={usable.map((group) => ({ value: group.id, label: group.name, group }))}
      optionRender={({ data: { group } }) => (
        <Flex justify="space-between" gap={16}>
          <span>{group.name}</span>
          <Typography.Text type="secondary">
            {cores(group['cpu-millis'])} CPU · {bytes(group['memory-mb'] * 1024 * 1024)}
          </Typography.Text>
        </Flex>
      )}
    />
  );
}
