import { InputNumber, Select } from 'antd';
import { numberAt, type Path, textAt } from '../script';
import { Field, useForm } from './Field';
import { useChoiceTexts } from './formTexts';

/** One of the words that the document knows for a place; what it says by default where nothing stands there. */
export function Choice({
  label,
  path,
  group,
  options,
  fallback,
  disabled = false,
}: {
  label: string;
  path: Path;
  /** Under which its words are translated. */
  group: string;
  options: readonly string[];
  fallback: string;
  disabled?: boolean;
}) {
  const say = useChoiceTexts() as (key: string) => string;
  const { migration, edit, mayEdit } = useForm();
  const value = textAt(migration, path) || fallback;
  return (
    <Field label={label} path={path}>
      {(id) => (
        <Select
          id={id}
          disabled={!mayEdit || disabled}
          value={value}
          onChange={(next) => edit([[path, next]])}
          options={options.map((one) => ({ value: one, label: say(`${group}.${one}`) }))}
        />
      )}
    </Field>
  );
}

/** A number of the document. */
export function Amount({
  label,
  path,
  fallback,
  placeholder,
  min,
  max,
  step,
  isFraction = false,
}: {
  label: string;
  path: Path;
  /** What counts where nothing stands there; none where it may be left out. */
  fallback?: number;
  placeholder?: string;
  min: number;
  max?: number;
  step?: number;
  /** Whether it need not be whole. */
  isFraction?: boolean;
}) {
  const { migration, edit, mayEdit } = useForm();
  return (
    <Field label={label} path={path}>
      {(id) => (
        <InputNumber
          id={id}
          style={{ width: '100%' }}
          disabled={!mayEdit}
          min={min}
          max={max}
          step={step}
          precision={isFraction ? undefined : 0}
          placeholder={placeholder}
          value={numberAt(migration, path) ?? fallback ?? null}
          onChange={(next) => edit([[path, next ?? undefined]])}
        />
      )}
    </Field>
  );
}
