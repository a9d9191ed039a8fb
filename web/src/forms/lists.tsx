import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Input } from 'antd';
import { type ReactNode, useState } from 'react';
import { Frame } from './Frame';
import { beginning, type FieldOf, fieldOf, isObject, joined } from './fields';
import { Properties } from './Properties';
import { type FieldProps, Property, useHelp } from './Property';
import type { JsonSchema } from './schema';
import { useScope } from './scope';
import { useFormTexts } from './texts';

export function ItemsField({ field, path, label, value, onChange }: FieldProps<FieldOf<'items'>>) {
  const say = useFormTexts();
  const scope = useScope();
  const help = useHelp(field);
  const items = Array.isArray(value) ? value : [];
  const set = (next: unknown[]) => onChange(next.length === 0 ? undefined : next);
  const exchange = (one: number, other: number) => {
    const next = [...items];
    [next[one], next[other]] = [next[other], next[one]];
    set(next);
  };
  const add = () => set([...items, beginning(fieldOf(field.item, scope.root))]);
  return (
    <Frame path={path} label={label} help={help}>
      <Flex vertical gap={12} align="stretch">
        {items.map((item, index) => (
          <Flex key={index} gap={8} align="start">
            <div style={{ flex: 1, minWidth: 0 }}>
              <Item
                schema={field.item}
                label={say('entry', { number: index + 1 })}
                path={joined(path, index)}
                value={item}
                onChange={(next) => set(items.map((one, at) => (at === index ? next : one)))}
              />
            </div>
            <ItemButtons
              label={say('entry', { number: index + 1 })}
              onUp={index > 0 ? () => exchange(index, index - 1) : undefined}
              onDown={index + 1 < items.length ? () => exchange(index, index + 1) : undefined}
              onRemove={() => set(items.filter((_, at) => at !== index))}
            />
          </Flex>
        ))}
        <div>
          <Button size="small" icon={<PlusOutlined />} disabled={scope.disabled} onClick={add}>
            {say('add')}
          </Button>
        </div>
      </Flex>
    </Frame>
  );
}

function ItemButtons({
  label,
  onUp,
  onDown,
  onRemove,
}: {
  label: string;
  onUp?: () => void;
  onDown?: () => void;
  onRemove: () => void;
}) {
  const say = useFormTexts();
  const { disabled } = useScope();
  const button = (name: string, icon: ReactNode, act?: () => void) => (
    <Button
      size="small"
      type="text"
      icon={icon}
      disabled={disabled || !act}
      onClick={act}
      aria-label={`${label}: ${name}`}
    />
  );
  return (
    <Flex>
      {button(say('up'), <ArrowUpOutlined />, onUp)}
      {button(say('down'), <ArrowDownOutlined />, onDown)}
      {button(say('remove'), <DeleteOutlined />, onRemove)}
    </Flex>
  );
}

function Item(props: {
  schema: JsonSchema;
  label: string;
  path: string;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const scope = useScope();
  const { schema, label, ...rest } = props;
  const field = fieldOf(schema, scope.root);
  if (field.kind !== 'group') return <Property name={label} schema={{ ...schema, title: label }} {...rest} />;
  const value = isObject(rest.value) ? rest.value : {};
  return <Properties schema={field.schema} path={rest.path} value={value} onChange={rest.onChange} />;
}

export function MapField({ field, path, label, value, onChange }: FieldProps<FieldOf<'map'>>) {
  const say = useFormTexts();
  const scope = useScope();
  const help = useHelp(field);
  const [typed, setTyped] = useState('');
  const given = isObject(value) ? value : {};
  const set = (next: Record<string, unknown>) => onChange(Object.keys(next).length === 0 ? undefined : next);
  const name = typed.trim();
  const add = () => {
    if (name === '' || name in given) return;
    set({ ...given, [name]: beginning(fieldOf(field.of, scope.root)) });
    setTyped('');
  };
  const without = (gone: string) =>
    set(Object.fromEntries(Object.entries(given).filter(([one]) => one !== gone)));
  return (
    <Frame path={path} label={label} help={help}>
      <Flex vertical gap={12}>
        {Object.entries(given).map(([key, one]) => (
          <Flex key={key} gap={8} align="end">
            <div style={{ flex: 1, minWidth: 0 }}>
              <Property
                name={key}
                schema={{ ...field.of, title: key }}
                path={joined(path, key)}
                value={one}
                onChange={(next) => set({ ...given, [key]: next ?? '' })}
              />
            </div>
            <Button
              type="text"
              icon={<DeleteOutlined />}
              disabled={scope.disabled}
              aria-label={`${key}: ${say('remove')}`}
              onClick={() => without(key)}
            />
          </Flex>
        ))}
        <Flex gap={8}>
          <Input
            aria-label={`${label}: ${say('key')}`}
            placeholder={say('key')}
            style={{ maxWidth: 240 }}
            disabled={scope.disabled}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onPressEnter={(event) => {
              event.preventDefault();
              add();
            }}
          />
          <Button
            icon={<PlusOutlined />}
            disabled={scope.disabled || name === '' || name in given}
            onClick={add}
          >
            {say('add')}
          </Button>
        </Flex>
      </Flex>
    </Frame>
  );
}
