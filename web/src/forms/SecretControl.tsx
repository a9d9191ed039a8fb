import { LockOutlined } from '@ant-design/icons';
import { Button, Flex, Input, Typography } from 'antd';
import { useState } from 'react';
import type { ControlProps } from './controls';
import { useScope } from './scope';
import { useFormTexts } from './texts';
import { isKept, KEPT } from './validate';

/** A secret: what is stored is shown to nobody; it is kept, replaced or removed. */
export function SecretControl({ field, id, path, value, onChange, status, inherited }: ControlProps) {
  const say = useFormTexts();
  const scope = useScope();
  const [stored] = useState(() => isKept(value));
  const [replacing, setReplacing] = useState(false);
  const keep = () => {
    setReplacing(false);
    onChange(KEPT);
  };
  const replace = () => {
    setReplacing(true);
    onChange(KEPT);
  };
  if (stored && !replacing && typeof value !== 'string') {
    const gone = value === null;
    return (
      <Flex align="center" gap={8} style={{ minHeight: 32 }} wrap>
        <LockOutlined aria-hidden />
        <Typography.Text type="secondary" delete={gone}>
          {say('secretKept')}
        </Typography.Text>
        {gone && <Typography.Text type="warning">{say('secretRemoved')}</Typography.Text>}
        <Act id={id} name="replace" focusable onClick={replace} />
        {gone && <Act id={id} name="keep" onClick={keep} />}
        {!gone && field.nullable && <Act id={id} name="remove" onClick={() => onChange(null)} />}
      </Flex>
    );
  }
  const asProduction = isKept(inherited?.value) || typeof inherited?.value === 'string';
  return (
    <Flex gap={8}>
      <Input.Password
        id={id}
        autoComplete="new-password"
        autoFocus={replacing}
        disabled={scope.disabled}
        status={status ?? ''}
        value={typeof value === 'string' ? value : ''}
        placeholder={asProduction ? say('secretAsProduction') : undefined}
        aria-describedby={`${id}-about`}
        aria-invalid={status === 'error'}
        onBlur={() => scope.touch(path)}
        onChange={({ target }) => onChange(target.value === '' ? (stored ? KEPT : undefined) : target.value)}
      />
      {stored && <Button onClick={keep}>{say('keep')}</Button>}
    </Flex>
  );
}

/** What can be done with a stored secret; named by its field, too. */
function Act({
  id,
  name,
  focusable = false,
  onClick,
}: {
  id: string;
  name: 'replace' | 'keep' | 'remove';
  /** Where the label of the field leads. */
  focusable?: boolean;
  onClick: () => void;
}) {
  const say = useFormTexts();
  const { disabled } = useScope();
  return (
    <Button
      id={focusable ? id : undefined}
      size="small"
      type={name === 'remove' ? 'text' : 'default'}
      disabled={disabled}
      aria-labelledby={`${id}-${name} ${id}-label`}
      onClick={onClick}
    >
      <span id={`${id}-${name}`}>{say(name)}</span>
    </Button>
  );
}
