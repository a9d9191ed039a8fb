import { Flex, Typography } from 'antd';
import { createContext, type ReactNode, useContext, useId } from 'react';
import { FindingList } from '@/ui/Findings';
import type { Finding } from '../queries';
import type { Edit, Path } from '../script';

/** What the sections of the form share. */
export interface FormContext {
  migration: Record<string, unknown>;
  edit: (edits: readonly Edit[]) => void;
  /** Whether anything may be changed; SQL needs a right of its own. */
  mayEdit: boolean;
  mayEditSql: boolean;
  part: 'daily' | 'one-time';
  findings: readonly Finding[];
}

const Context = createContext<FormContext | null>(null);
export const FormProvider = Context.Provider;

export function useForm(): FormContext {
  const form = useContext(Context);
  if (form === null) throw new Error('there is no form here');
  return form;
}

/** Findings on a place of the document and on what is below it. */
export function useFindingsAt(path: Path | undefined): Finding[] {
  const { findings } = useForm();
  if (path === undefined) return [];
  const place = path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${step}`),
    'migration',
  );
  return findings.filter(
    ({ at }) => at === place || at.startsWith(`${place}.`) || at.startsWith(`${place}[`),
  );
}

/** A control with its name, what to know of it, and what stands against it. */
export function Field({
  label,
  hint,
  path,
  wide = false,
  group = false,
  children,
}: {
  label: string;
  hint?: ReactNode;
  path?: Path;
  /** Whether it takes the whole row. */
  wide?: boolean;
  /** Whether it has several controls, each with a name of its own. */
  group?: boolean;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  const findings = useFindingsAt(path);
  return (
    <Flex
      vertical
      gap={4}
      style={{ gridColumn: wide ? '1 / -1' : undefined, minWidth: 0 }}
      {...(group ? { role: 'group', 'aria-labelledby': id } : {})}
    >
      {group ? <span id={id}>{label}</span> : <label htmlFor={id}>{label}</label>}
      {children(id)}
      {hint && (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {hint}
        </Typography.Text>
      )}
      {findings.length > 0 && <FindingList findings={findings.map((one) => ({ ...one, at: '' }))} />}
    </Flex>
  );
}

/** A part of the form under a heading of its own. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <Typography.Title id={id} level={3} style={{ fontSize: 15, margin: '0 0 10px' }}>
        {title}
      </Typography.Title>
      <div
        style={{
          display: 'grid',
          gap: '14px 20px',
          gridTemplateColumns: 'repeat(auto-fill, minmax(240px, 1fr))',
          alignItems: 'start',
        }}
      >
        {children}
      </div>
    </section>
  );
}
