import { useId, useMemo, useState } from 'react';
import type { Schemas } from '@/api/client';
import { expanded, propertiesOf } from './fields';
import { type Column, Grid } from './Properties';
import { Said } from './Row';
import type { JsonSchema } from './schema';
import type { Scope } from './scope';
import { type FieldFinding, validate } from './validate';

type Finding = Pick<Schemas['Finding'], 'at' | 'message' | 'hint' | 'severity'>;

export interface SchemaFormProps {
  /** An object's schema; its `$defs` are found in it. */
  schema: JsonSchema;
  /** What is filled in; keys that are absent have their default. */
  value: Record<string, unknown>;
  onChange: (value: Record<string, unknown>) => void;
  /** What is said of fields: `at` is the path in the value (`tls.ca`), after `prefix`. */
  findings?: readonly Finding[];
  /** What stands before the paths of findings (`data-source.options`). */
  prefix?: string;
  /** Keys that another part of the page asks for. */
  leaveOut?: readonly string[];
  /** What could be chosen for a field, by its path; a person may still type. */
  suggestions?: Record<string, readonly string[] | undefined>;
  disabled?: boolean;
  /** Says all that is missing or wrong, and not only of fields that were left already: once somebody has tried to go on. */
  strict?: boolean;
  /** Folds away what most people leave at its default. */
  fold?: boolean;
  /** Another environment side by side: what it leaves open is as in the first. */
  beside?: Pick<SchemaFormProps, 'value' | 'onChange' | 'findings' | 'prefix'>;
  /** What the two environments are called, where there is one `beside`. */
  columnTitles?: readonly [string, string];
}

/** A form of a JSON Schema: one field for each property, with its title, hint, default and what is wrong. */
export function SchemaForm(props: SchemaFormProps) {
  const { schema, leaveOut, beside, columnTitles, strict = false, fold } = props;
  const top = useMemo(() => expanded(schema, schema), [schema]);
  const shown = useMemo(() => propertiesOf(top, leaveOut).map(([name]) => name), [top, leaveOut]);
  const wrong = useMemo(() => validate(schema, props.value, leaveOut), [schema, props.value, leaveOut]);
  // What is required is required of both together.
  const besideWrong = useMemo(
    () => (beside ? validate({ ...top, $defs: schema.$defs, required: [] }, beside.value, leaveOut) : []),
    [top, schema, beside, leaveOut],
  );
  const first = useScopeOf(props, wrong, strict, columnTitles?.[0]);
  const second = useScopeOf({ ...props, ...beside }, besideWrong, strict, columnTitles?.[1]);
  const columns: Column[] = [{ scope: first, value: props.value, onChange: props.onChange }];
  if (beside) {
    const scope = { ...second, inherited: props.value };
    columns.push({ scope, value: beside.value, onChange: beside.onChange });
  }
  const elsewhere = columns.flatMap(({ scope }) =>
    scope.findings.filter(({ at }) => !shown.includes(nameIn(at))),
  );
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <Said findings={elsewhere} />
      <Grid schema={top} path="" leaveOut={leaveOut} columns={columns} fold={fold} />
    </div>
  );
}

/** The property that a path begins with. */
function nameIn(path: string): string {
  return path.split(/[.[]/)[0] ?? '';
}

function useScopeOf(
  { schema, findings, prefix, suggestions, disabled = false }: Omit<SchemaFormProps, 'value' | 'onChange'>,
  wrong: readonly FieldFinding[],
  strict: boolean,
  column: string | undefined,
): Scope {
  const id = useId();
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  return useMemo(() => {
    const said = within(findings ?? [], prefix);
    const places = new Set(said.map(({ at }) => at));
    const own = wrong.filter(({ at }) => (strict || touched.has(at)) && !places.has(at));
    return {
      id,
      root: schema,
      findings: [...said, ...own],
      touch: (path) => setTouched((old) => (old.has(path) ? old : new Set(old).add(path))),
      suggestions: suggestions ?? {},
      disabled,
      column,
    };
  }, [id, schema, findings, prefix, wrong, strict, touched, suggestions, disabled, column]);
}

/** Findings below a path, with what is left of theirs. */
function within(findings: readonly Finding[], prefix: string | undefined): FieldFinding[] {
  if (!prefix) return [...findings];
  return findings.flatMap((finding) => {
    if (finding.at === prefix) return [{ ...finding, at: '' }];
    return finding.at.startsWith(`${prefix}.`)
      ? [{ ...finding, at: finding.at.slice(prefix.length + 1) }]
      : [];
  });
}

/** Goes to the field of a path in a form, opens nothing else; `false` where there is none. */
export function showField(within: ParentNode, path: string): boolean {
  for (let at = path; at !== ''; at = at.replace(/(\.[^.[]+|\[\d+\]|^[^.[]+)$/, '')) {
    const field = within.querySelector<HTMLElement>(`[data-path="${CSS.escape(at)}"]`);
    if (!field) continue;
    field.scrollIntoView({ block: 'center' });
    field.querySelector<HTMLElement>('input, textarea, button, [tabindex]')?.focus({ preventScroll: true });
    return true;
  }
  return false;
}

export { validate } from './validate';
