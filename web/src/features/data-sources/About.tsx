import { Input, InputNumber, Select } from 'antd';
import type { ReactNode } from 'react';
import { useId } from 'react';
import { Row, statusOf } from '@/forms/Row';
import type { Finding } from './data';
import type { Draft } from './draft';
import { useTexts } from './texts';

export interface AboutProps {
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
  findings: readonly Finding[];
  /** What other data sources of the project have. */
  knownTags: readonly string[];
  codeIsFixed: boolean;
  disabled: boolean;
  /** What comes before the connection, and what comes after it. */
  part: 'first' | 'rest';
}

/** What a data source is called, and what people are to know of it. */
export function About({ draft, onChange, findings, knownTags, codeIsFixed, disabled, part }: AboutProps) {
  const say = useTexts();
  const id = useId();
  const length = [...draft.description].length;
  const field = (
    name: 'name' | 'description' | 'tags' | 'code' | 'connections',
    label: string,
    help: string,
    control: (marks: ReturnType<typeof marksOf>) => ReactNode,
  ) => {
    const said = findings.filter(({ at }) => at === name || at.startsWith(`${name}[`));
    const own = `${id}-${name}`;
    return (
      <Row id={own} path={name} label={label} required={name === 'name'} help={help} findings={said}>
        {control(marksOf(own, statusOf(said), disabled))}
      </Row>
    );
  };
  if (part === 'first') {
    return (
      <div style={GRID}>
        {field('name', say('name'), say('nameHelp'), (marks) => (
          <Input
            {...marks}
            autoFocus={draft.name === ''}
            autoComplete="off"
            spellCheck={false}
            value={draft.name}
            onChange={({ target }) => onChange({ name: target.value })}
          />
        ))}
        {field('description', say('description'), say('descriptionHelp', { length }), (marks) => (
          <Input
            {...marks}
            value={draft.description}
            onChange={({ target }) => onChange({ description: target.value })}
          />
        ))}
      </div>
    );
  }
  return (
    <div style={GRID}>
      {field('tags', say('tags'), say('tagsHelp'), (marks) => (
        <Select
          {...marks}
          mode="tags"
          style={{ width: '100%' }}
          value={draft.tags}
          tokenSeparators={[',', '，']}
          notFoundContent={null}
          options={knownTags.map((tag) => ({ value: tag, label: tag }))}
          onChange={(tags: string[]) => onChange({ tags })}
        />
      ))}
      {field('code', say('code'), say('codeHelp'), (marks) => (
        <Input
          {...marks}
          disabled={disabled || codeIsFixed}
          autoComplete="off"
          spellCheck={false}
          value={draft.code}
          onChange={({ target }) => onChange({ code: target.value })}
        />
      ))}
      {field('connections', say('runs'), say('runsHelp'), (marks) => (
        <InputNumber
          {...marks}
          style={{ width: '100%' }}
          min={1}
          max={4294967295}
          precision={0}
          value={draft.connections}
          onChange={(connections) => onChange({ connections })}
        />
      ))}
    </div>
  );
}

const GRID = {
  display: 'grid',
  gap: '14px 24px',
  gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 300px), 1fr))',
  alignItems: 'start',
} as const;

function marksOf(id: string, status: 'error' | 'warning' | undefined, disabled: boolean) {
  return {
    id,
    disabled,
    status: status ?? ('' as const),
    'aria-describedby': `${id}-about`,
    'aria-invalid': status === 'error',
  };
}
