import { Input } from 'antd';
import { useTyped } from './useTyped';

/** A line of text of the draft. */
export function DraftText({
  id,
  value,
  onChange,
  placeholder,
  disabled,
  describedBy,
}: {
  id: string;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  disabled?: boolean;
  describedBy?: string;
}) {
  const typed = useTyped(value, onChange);
  return (
    <Input
      id={id}
      aria-describedby={describedBy}
      value={typed.value}
      placeholder={placeholder}
      disabled={disabled}
      onChange={(event) => typed.take(event.target.value)}
    />
  );
}
