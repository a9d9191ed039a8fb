import { Button, Tag } from 'antd';
import {
  BooleanControl,
  ChoiceControl,
  type ControlProps,
  JsonControl,
  NumberControl,
  TextControl,
  TextsControl,
} from './controls';
import { type Field, fieldOf, nameOf } from './fields';
import { ItemsField, MapField } from './lists';
import { GroupField, UnionField } from './nested';
import { Row, statusOf } from './Row';
import { SecretControl } from './SecretControl';
import type { JsonSchema } from './schema';
import { findingsAt, idOf, inheritedAt, useScope, useTranslated } from './scope';
import { useFormTexts } from './texts';

/** Whether a field is made of others, and takes the width of the form. */
export function isWide(field: Field): boolean {
  return ['group', 'union', 'items', 'map', 'json', 'lines'].includes(field.kind);
}

/** A property of a group, by its schema. */
export function Property({
  name,
  schema,
  path,
  required = false,
  value,
  onChange,
}: {
  name: string;
  schema: JsonSchema;
  path: string;
  required?: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const scope = useScope();
  const translated = useTranslated();
  const field = fieldOf(schema, scope.root);
  const label = translated(field.schema.title ?? nameOf(name)) ?? name;
  const inherited = inheritedAt(scope, path);
  const props = { field, path, label, value, onChange, inherited };
  switch (field.kind) {
    case 'group':
      return <GroupField {...props} field={field} />;
    case 'union':
      return <UnionField {...props} field={field} />;
    case 'items':
      return <ItemsField {...props} field={field} />;
    case 'map':
      return <MapField {...props} field={field} />;
    default:
      return <Leaf {...props} required={required && !inherited} id={idOf(scope, path)} />;
  }
}

export interface FieldProps<F extends Field = Field> {
  field: F;
  path: string;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  inherited: { value: unknown } | undefined;
}

/** A field that is made of no others. */
function Leaf({ id, label, required, ...props }: FieldProps & { id: string; required: boolean }) {
  const say = useFormTexts();
  const scope = useScope();
  const help = useHelp(props.field);
  const { field, path, value, inherited, onChange } = props;
  const findings = findingsAt(scope, path, true);
  const status = statusOf(findings);
  // Another environment can do without what production has.
  const canLack = inherited?.value != null && field.nullable && field.kind !== 'secret';
  const isLacking = inherited !== undefined && value === null && field.kind !== 'secret';
  const extra = canLack && (
    <Button
      type="link"
      size="small"
      style={{ padding: 0, height: 'auto' }}
      disabled={scope.disabled}
      onClick={() => onChange(isLacking ? undefined : null)}
    >
      {isLacking ? say('asProduction') : say('withoutIt')}
    </Button>
  );
  return (
    <Row
      id={id}
      path={path}
      label={label}
      column={scope.column}
      required={required}
      help={inherited ? undefined : help}
      findings={findings}
      extra={extra}
    >
      {isLacking ? (
        <Tag style={{ marginBlock: 5 }}>{say('withoutIt')}</Tag>
      ) : (
        <Control {...props} id={id} status={status} />
      )}
    </Row>
  );
}

function Control({ field, ...props }: ControlProps) {
  switch (field.kind) {
    case 'secret':
      return <SecretControl field={field} {...props} />;
    case 'integer':
    case 'number':
      return <NumberControl field={field} {...props} />;
    case 'boolean':
      return <BooleanControl field={field} {...props} />;
    case 'choice':
      return <ChoiceControl field={field} {...props} />;
    case 'texts':
      return <TextsControl field={field} {...props} />;
    case 'json':
      return <JsonControl field={field} {...props} />;
    default:
      return <TextControl field={field} {...props} />;
  }
}

/** What a field is for. A secret's place in a file is no matter of a form, which takes the secret itself. */
export function useHelp(field: Field): string | undefined {
  const say = useFormTexts();
  const translated = useTranslated();
  const { description } = field.schema;
  if (field.kind !== 'secret') return translated(description);
  const own = description?.includes('${') ? undefined : translated(description);
  return [own, say('secretHelp')].filter(Boolean).join(' ');
}
