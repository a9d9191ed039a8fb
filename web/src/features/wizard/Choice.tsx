import { Radio, Typography } from 'antd';

const AT_TOP = { icon: { alignSelf: 'flex-start', marginBlockStart: '0.22em' } } as const;

/** One of several, with what it means beside it. */
export function Choice({
  value,
  label,
  help,
  disabled,
}: {
  value: string;
  label: string;
  help: string;
  disabled?: boolean;
}) {
  return (
    <Radio value={value} disabled={disabled} styles={AT_TOP}>
      {label}{' '}
      <Typography.Text type="secondary" style={{ fontSize: 13, marginInlineStart: 4 }}>
        {help}
      </Typography.Text>
    </Radio>
  );
}
