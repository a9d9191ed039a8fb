import { AutoComplete, Flex, Input, InputNumber, Select, Switch, Typography } from 'antd';
import { useState } from 'react';
import { bytes } from '@/ui/format';
import type { Choice, Field, FieldOf } from './fields';
import { Marked } from './Row';
import { inWords, useScope, useTranslated } from './scope';
import { useFormTexts } from './texts';

/** What every control is given. */
export interface ControlProps<F extends Field = Field> {
  field: F;
  id: string;
  path: string;
  value: unknown;
  /** `undefined` leaves the field to its default. */
  onChange: (value: unknown) => void;
  status: 'error' | 'warning' | undefined;
  /** What holds where nothing is given, in another environment. */
  inherited: { value: unknown } | undefined;
}

/** What the browser is told of every control. */
function marks({ id, path, status }: ControlProps, scope: ReturnType<typeof useScope>) {
  return {
    id,
    disabled: scope.disabled,
    status: status ?? ('' as const),
    onBlur: () => scope.touch(path),
    'aria-describedby': `${id}-about`,
    'aria-invalid': status === 'error',
  };
}

/** What holds where the field is left open. */
export function useOpenText({ field, inherited }: Pick<ControlProps, 'field' | 'inherited'>): string {
  const say = useFormTexts();
  if (inherited) {
    const value = inWords(inherited.value) ?? inWords(field.schema.default);
    return value === undefined ? say('asProduction') : say('asProductionIs', { value });
  }
  return inWords(field.schema.default) ?? '';
}

export function TextControl(props: ControlProps) {
  const scope = useScope();
  const placeholder = useOpenText(props);
  const suggested = scope.suggestions[props.path];
  const value = typeof props.value === 'string' ? props.value : (inWords(props.value) ?? '');
  const set = (text: string) => props.onChange(text === '' ? undefined : text);
  const shared = { ...marks(props, scope), value, placeholder };
  if (props.field.kind === 'lines') {
    const rows = { minRows: 3, maxRows: 12 };
    return <Input.TextArea {...shared} autoSize={rows} onChange={(event) => set(event.target.value)} />;
  }
  if (suggested?.length) {
    return (
      <AutoComplete
        {...shared}
        style={{ width: '100%' }}
        onChange={set}
        showSearch={{ filterOption: (typed, option) => includes(option?.value, typed) }}
        options={suggested.map((one) => ({ value: one }))}
      />
    );
  }
  return (
    <Input {...shared} autoComplete="off" spellCheck={false} onChange={(event) => set(event.target.value)} />
  );
}

function includes(text: string | undefined, part: string): boolean {
  return (text ?? '').toLowerCase().includes(part.toLowerCase());
}

export function NumberControl(props: ControlProps) {
  const say = useFormTexts();
  const scope = useScope();
  const { field, value, onChange } = props;
  const placeholder = useOpenText(props);
  const open = props.inherited?.value ?? field.schema.default;
  const shown = typeof value === 'number' ? value : open;
  const size = /^in bytes\b/i.test(field.schema.description ?? '') && typeof shown === 'number';
  return (
    <Flex align="center" gap={8}>
      <InputNumber
        {...marks(props, scope)}
        style={{ flex: 1, minWidth: 0 }}
        value={typeof value === 'number' ? value : null}
        placeholder={placeholder}
        step={field.kind === 'integer' ? 1 : 0.01}
        controls
        keyboard
        onChange={(next) => onChange(next ?? undefined)}
      />
      {size && (
        <Typography.Text type="secondary" style={{ whiteSpace: 'nowrap' }}>
          {say('about', { size: bytes(shown) })}
        </Typography.Text>
      )}
    </Flex>
  );
}

export function BooleanControl(props: ControlProps) {
  const say = useFormTexts();
  const scope = useScope();
  const { status: _, ...rest } = marks(props, scope);
  const given = typeof props.value === 'boolean' ? props.value : undefined;
  const open = props.inherited?.value ?? props.field.schema.default;
  return (
    <div>
      <Switch
        {...rest}
        checked={given ?? open === true}
        checkedChildren={say('yes')}
        unCheckedChildren={say('no')}
        onChange={props.onChange}
      />
    </div>
  );
}

/** A choice with what it means beside it. */
function Meaning({ choice }: { choice: Choice }) {
  const translated = useTranslated();
  return (
    <Flex gap={8} align="baseline" style={{ minWidth: 0 }}>
      <span style={{ whiteSpace: 'nowrap' }}>{translated(choice.label)}</span>
      {choice.description && (
        <Typography.Text type="secondary" style={{ fontSize: 13, whiteSpace: 'normal' }}>
          <Marked text={translated(choice.description)} />
        </Typography.Text>
      )}
    </Flex>
  );
}

export function ChoiceControl(props: ControlProps<FieldOf<'choice'>>) {
  const say = useFormTexts();
  const scope = useScope();
  const { field, value, inherited, onChange } = props;
  const at = field.choices.findIndex((one) => one.value === value);
  const open = field.choices.find((one) => one.value === (inherited?.value ?? field.schema.default));
  const unknown = value !== undefined && value !== null && at < 0;
  const words = open ? (inherited ? say('asProductionIs', { value: open.label }) : open.label) : undefined;
  return (
    <Select
      {...marks(props, scope)}
      style={{ width: '100%' }}
      aria-labelledby={`${props.id}-label`}
      value={unknown ? String(value) : at < 0 ? undefined : String(at)}
      placeholder={words ?? say(inherited ? 'asProduction' : field.nullable ? 'unset' : 'choose')}
      allowClear
      onChange={(key: string | undefined) =>
        onChange(key === undefined ? undefined : field.choices[Number(key)]?.value)
      }
      options={field.choices.map((choice, index) => ({ value: String(index), label: choice.label, choice }))}
      optionRender={({ data }) => <Meaning choice={data.choice} />}
      labelRender={({ value: key, label }) => {
        const choice = field.choices[Number(key)];
        return choice ? <Chosen choice={choice} /> : label;
      }}
    />
  );
}

function Chosen({ choice }: { choice: Choice }) {
  const translated = useTranslated();
  return (
    <>
      {translated(choice.label)}
      {choice.description && (
        <Typography.Text type="secondary" style={{ fontSize: 13 }}>
          {'  '}
          {translated(choice.description)}
        </Typography.Text>
      )}
    </>
  );
}

export function TextsControl(props: ControlProps<FieldOf<'texts'>>) {
  const say = useFormTexts();
  const scope = useScope();
  const { field, value, onChange } = props;
  const placeholder = useOpenText(props);
  const given = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
  const choices = field.choices.map((one) => ({ value: String(one.value), label: one.label, choice: one }));
  const suggested = scope.suggestions[props.path]?.map((one) => ({ value: one, label: one }));
  return (
    <Select
      {...marks(props, scope)}
      mode={choices.length > 0 ? 'multiple' : 'tags'}
      style={{ width: '100%' }}
      aria-labelledby={`${props.id}-label`}
      value={given}
      placeholder={placeholder || say('typeTags')}
      tokenSeparators={[',', '\n']}
      suffixIcon={choices.length > 0 || suggested?.length ? undefined : null}
      notFoundContent={null}
      onChange={(next: string[]) => onChange(next.length === 0 ? undefined : next)}
      options={choices.length > 0 ? choices : suggested}
    />
  );
}

/** What no other control fits: as JSON. */
export function JsonControl(props: ControlProps) {
  const say = useFormTexts();
  const scope = useScope();
  const { value, onChange } = props;
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  const [bad, setBad] = useState(false);
  const set = (next: string) => {
    setText(next);
    try {
      onChange(next.trim() === '' ? undefined : JSON.parse(next));
      setBad(false);
    } catch {
      setBad(true);
    }
  };
  return (
    <>
      <Input.TextArea
        {...marks(props, scope)}
        value={text}
        status={bad ? 'error' : (props.status ?? '')}
        autoSize={{ minRows: 2, maxRows: 16 }}
        spellCheck={false}
        onChange={(event) => set(event.target.value)}
      />
      {bad && <Typography.Text type="danger">{say('noJson')}</Typography.Text>}
    </>
  );
}
