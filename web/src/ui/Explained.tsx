import { Checkbox, type CheckboxProps, Flex, Radio, type RadioProps, Typography } from 'antd';

/** What can be chosen, with a line that says what it means. */
export interface Choice<T extends string> {
  value: T;
  label: string;
  explained: string;
}

// The mark stands beside the first line.
const BESIDE_FIRST: RadioProps['styles'] & CheckboxProps['styles'] = {
  icon: { alignSelf: 'start', marginBlockStart: 3 },
};

function Lines({ label, explained }: { label: string; explained: string }) {
  return (
    <Flex vertical>
      <span>{label}</span>
      <Typography.Text type="secondary">{explained}</Typography.Text>
    </Flex>
  );
}

/** One of several, for a `Form.Item`. */
export function ExplainedRadios<T extends string>({
  choices,
  value,
  onChange,
  id,
  label,
}: {
  choices: readonly Choice<T>[];
  label: string;
  value?: T;
  onChange?: (value: T) => void;
  id?: string;
}) {
  return (
    <Radio.Group
      id={id}
      aria-label={label}
      value={value}
      onChange={(event) => onChange?.(event.target.value as T)}
      style={{ display: 'flex', flexDirection: 'column', gap: 8 }}
    >
      {choices.map((choice) => (
        <Radio key={choice.value} value={choice.value} styles={BESIDE_FIRST}>
          <Lines {...choice} />
        </Radio>
      ))}
    </Radio.Group>
  );
}

/** Some of several, for a `Form.Item`. */
export function ExplainedChecks<T extends string>({
  choices,
  value,
  onChange,
  label,
}: {
  choices: readonly Choice<T>[];
  label: string;
  value?: T[];
  onChange?: (value: T[]) => void;
}) {
  return (
    <Checkbox.Group<T>
      aria-label={label}
      value={value}
      onChange={onChange}
      style={{ display: 'flex', flexDirection: 'column', gap: 8 }}
    >
      {choices.map((choice) => (
        <Checkbox key={choice.value} value={choice.value} styles={BESIDE_FIRST}>
          <Lines {...choice} />
        </Checkbox>
      ))}
    </Checkbox.Group>
  );
}
