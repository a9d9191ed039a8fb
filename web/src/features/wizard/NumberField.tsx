import { InputNumber, Typography } from 'antd';
import { useState } from 'react';
import { put, useDraft } from './draft';
import { Field } from './Field';
import { useTyped } from './useTyped';

/** A number of the draft; its default is shown where nothing is set, and not written. */
export function NumberField({
  path,
  value,
  usual,
  label,
  help,
  unit,
  min,
  max,
  places = 0,
  step,
  isOptional,
  placeholder,
}: {
  path: readonly string[];
  value: number | null | undefined;
  /** What it is where nothing is said; nothing where it must be said. */
  usual?: number;
  label: string;
  help?: string;
  unit?: string;
  min: number;
  max: number;
  /** How many decimals. */
  places?: number;
  step?: number;
  isOptional?: boolean;
  placeholder?: string;
}) {
  const { change, mayEdit } = useDraft();
  const typed = useTyped<number | null>(value ?? usual ?? null, (next) =>
    change((draft) => put(draft, path, next === null || next === usual ? undefined : next)),
  );
  // An emptied field is not filled with its default again while somebody types.
  const [isEmptied, setIsEmptied] = useState(false);
  return (
    <Field at={`migration.${path.join('.')}`} label={label} help={help} isOptional={isOptional} width={200}>
      {(id, help) => (
        <InputNumber<number>
          id={id}
          aria-describedby={help}
          style={{ width: 180 }}
          disabled={!mayEdit}
          min={min}
          max={max}
          step={step}
          precision={places === 0 ? 0 : undefined}
          suffix={unit && <Typography.Text type="secondary">{unit}</Typography.Text>}
          placeholder={placeholder}
          value={isEmptied ? null : typed.value}
          onBlur={() => setIsEmptied(false)}
          onChange={(next) => {
            setIsEmptied(next === null);
            typed.take(next === null ? null : Number(next.toFixed(places)));
          }}
        />
      )}
    </Field>
  );
}
