import { DatePicker } from 'antd';
import { useProject } from '@/app/project';
import { keepEnter } from '@/ui/keys';
import { bizdateOf, pickedOf, today } from './dates';

/** Chooses a business date (`yyyymmdd`), not one that is yet to come. */
export function BizdatePicker({
  value,
  onChange,
  label,
  placeholder,
  id,
  allowClear = true,
}: {
  value?: string;
  onChange?: (bizdate: string | undefined) => void;
  label?: string;
  placeholder?: string;
  id?: string;
  allowClear?: boolean;
}) {
  const zone = useProject()['time-zone'];
  return (
    <DatePicker
      id={id}
      aria-label={label}
      placeholder={placeholder}
      allowClear={allowClear}
      value={pickedOf(value)}
      maxDate={today(zone)}
      style={{ width: 170 }}
      onKeyDown={keepEnter}
      onChange={(picked) => onChange?.(picked ? bizdateOf(picked) : undefined)}
    />
  );
}
