import { Flex, Select, Switch, Typography } from 'antd';
import { Frame } from './Frame';
import { type FieldOf, fieldOf, isObject } from './fields';
import { Properties } from './Properties';
import { type FieldProps, Property, useHelp } from './Property';
import type { JsonSchema } from './schema';
import { idOf, useScope, useTranslated } from './scope';
import { useFormTexts } from './texts';
import { isKept } from './validate';

export function GroupField({ field, path, label, value, onChange, inherited }: FieldProps) {
  const say = useFormTexts();
  const scope = useScope();
  const help = useHelp(field);
  const given = isObject(value) ? value : undefined;
  const inner = (
    <Properties
      schema={field.schema}
      path={path}
      value={given ?? {}}
      onChange={(next) => onChange(Object.keys(next).length === 0 && !inherited ? undefined : next)}
    />
  );
  if (!inherited) {
    return (
      <Frame path={path} label={label} help={help}>
        {inner}
      </Frame>
    );
  }
  // What another environment says of a group replaces all of it.
  const differs = given !== undefined;
  const begin = isObject(inherited.value) ? withoutSecrets(inherited.value) : {};
  const choice = (
    <Flex gap={8} align="center">
      <Typography.Text type="secondary">{differs ? say('differs') : say('asProduction')}</Typography.Text>
      <Switch
        size="small"
        checked={differs}
        disabled={scope.disabled}
        aria-label={`${label}: ${say('differs')}`}
        onChange={(on) => onChange(on ? { ...begin } : undefined)}
      />
    </Flex>
  );
  return (
    <Frame path={path} label={label} extra={choice}>
      {differs && inner}
    </Frame>
  );
}

/** A secret that production keeps is production's: another environment gives its own. */
function withoutSecrets(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => !isKept(one)));
}

export function UnionField({ field, path, label, value, onChange }: FieldProps<FieldOf<'union'>>) {
  const say = useFormTexts();
  const translated = useTranslated();
  const scope = useScope();
  const help = useHelp(field);
  const at = field.variants.findIndex((one) => one.matches(value ?? field.schema.default));
  const variant = field.variants[at];
  const begin = (key: string | undefined) =>
    onChange(key === undefined ? undefined : field.variants[Number(key)]?.begin(value));
  return (
    <Frame path={path} label={label} help={help}>
      <Flex vertical gap={12}>
        <Select
          id={idOf(scope, path)}
          aria-label={label}
          style={{ width: '100%' }}
          disabled={scope.disabled}
          allowClear
          placeholder={say('choose')}
          value={at < 0 ? undefined : String(at)}
          onChange={begin}
          options={field.variants.map((one, index) => ({
            value: String(index),
            label: translated(one.label),
            one,
          }))}
          optionRender={({ data }) => (
            <>
              {data.label}{' '}
              {data.one.description !== data.one.label && (
                <Typography.Text type="secondary" style={{ fontSize: 13, whiteSpace: 'normal' }}>
                  {translated(data.one.description)}
                </Typography.Text>
              )}
            </>
          )}
        />
        {variant && (
          <Shape
            key={variant.key}
            schema={variant.schema}
            tag={variant.tag}
            {...{ path, label, value, onChange }}
          />
        )}
      </Flex>
    </Frame>
  );
}

/** The fields of what was chosen, and no others. */
function Shape({
  schema,
  tag,
  path,
  label,
  value,
  onChange,
}: {
  schema: JsonSchema;
  tag?: string;
  path: string;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const scope = useScope();
  const field = fieldOf(schema, scope.root);
  if (field.kind === 'group') {
    return (
      <Properties
        schema={field.schema}
        path={path}
        leaveOut={tag === undefined ? [] : [tag]}
        value={isObject(value) ? value : {}}
        onChange={onChange}
      />
    );
  }
  // A fixed word has nothing to be asked.
  if (field.kind === 'choice' && field.choices.length === 1) return null;
  return <Property name={label} schema={{ ...schema, title: label }} {...{ path, value, onChange }} />;
}
