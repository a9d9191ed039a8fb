import { RightOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useId, useState } from 'react';
import { fieldOf, isRare, joined, propertiesOf } from './fields';
import { isWide, Property } from './Property';
import type { JsonSchema } from './schema';
import { type Scope, ScopeContext, useScope } from './scope';
import { useFormTexts } from './texts';

/** One environment's part of a form. */
export interface Column {
  scope: Scope;
  value: Record<string, unknown>;
  onChange: (value: Record<string, unknown>) => void;
}

/** The properties of a group, in the columns that there is room for. */
export function Properties({
  schema,
  path,
  leaveOut,
  ...column
}: {
  schema: JsonSchema;
  path: string;
  leaveOut?: readonly string[];
  value: Record<string, unknown>;
  onChange: (value: Record<string, unknown>) => void;
}) {
  const scope = useScope();
  return <Grid schema={schema} path={path} leaveOut={leaveOut} columns={[{ scope, ...column }]} />;
}

/** The properties of a group: of one environment, or side by side of two. */
export function Grid({
  schema,
  path,
  leaveOut,
  columns,
  fold = false,
}: {
  schema: JsonSchema;
  path: string;
  leaveOut?: readonly string[];
  columns: readonly Column[];
  /** Whether what most people leave as it is opens on demand. */
  fold?: boolean;
}) {
  const all = propertiesOf(schema, leaveOut);
  const folded = fold ? all.filter(([name]) => isRare(name, schema)) : [];
  const worthwhile = folded.length > 1 ? folded : [];
  const first = all.filter((one) => !worthwhile.includes(one));
  const needsAttention = columns.some(({ value, scope }) =>
    worthwhile.some(
      ([name]) =>
        value[name] !== undefined || scope.findings.some(({ at }) => startsWith(at, joined(path, name))),
    ),
  );
  const rows = (properties: [string, JsonSchema][]) => (
    <Rows schema={schema} path={path} properties={properties} columns={columns} />
  );
  return (
    <div style={{ display: 'grid', gap: 16 }}>
      {rows(first)}
      {worthwhile.length > 0 && (
        <Fold count={worthwhile.length} startsOpen={needsAttention}>
          {rows(worthwhile)}
        </Fold>
      )}
    </div>
  );
}

function startsWith(at: string, path: string): boolean {
  return at === path || at.startsWith(`${path}.`) || at.startsWith(`${path}[`);
}

function Rows({
  schema,
  path,
  properties,
  columns,
}: {
  schema: JsonSchema;
  path: string;
  properties: readonly [string, JsonSchema][];
  columns: readonly Column[];
}) {
  const several = columns.length > 1;
  const template =
    properties.length === 1 && !several
      ? 'minmax(0, 1fr)'
      : several
        ? `repeat(${columns.length}, minmax(0, 1fr))`
        : 'repeat(auto-fill, minmax(min(100%, 300px), 1fr))';
  return (
    <div style={{ display: 'grid', gridTemplateColumns: template, gap: '14px 24px', alignItems: 'start' }}>
      {properties.map(([name, property]) =>
        columns.map(({ scope, value, onChange }, index) => {
          const wide = !several && isWide(fieldOf(property, scope.root));
          return (
            <ScopeContext.Provider key={`${name} ${index}`} value={scope}>
              <div style={{ minWidth: 0, gridColumn: wide ? '1 / -1' : undefined }}>
                <Property
                  name={name}
                  schema={property}
                  path={joined(path, name)}
                  required={schema.required?.includes(name)}
                  value={value[name]}
                  onChange={(next) => onChange(changed(value, name, next))}
                />
              </div>
            </ScopeContext.Provider>
          );
        }),
      )}
    </div>
  );
}

function changed(value: Record<string, unknown>, name: string, next: unknown): Record<string, unknown> {
  const { [name]: _, ...rest } = value;
  return next === undefined ? rest : { ...value, [name]: next };
}

function Fold({
  count,
  startsOpen,
  children,
}: {
  count: number;
  startsOpen: boolean;
  children: React.ReactNode;
}) {
  const say = useFormTexts();
  const id = useId();
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? startsOpen;
  return (
    <div>
      <Button
        type="link"
        size="small"
        style={{ paddingInline: 0 }}
        icon={<RightOutlined rotate={open ? 90 : 0} />}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setChosen(!open)}
      >
        {say('more', { number: count })}
      </Button>
      <div id={id} hidden={!open} style={{ marginBlockStart: open ? 12 : 0 }}>
        {children}
      </div>
    </div>
  );
}
