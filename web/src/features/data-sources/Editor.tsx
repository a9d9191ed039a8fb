import { ArrowLeftOutlined } from '@ant-design/icons';
import { Alert, Button, Flex, Switch, Typography, theme } from 'antd';
import { useEffect, useId, useMemo, useRef } from 'react';
import { ProblemError } from '@/api/client';
import { useProject } from '@/app/project';
import { useConnector } from '@/forms/connectors';
import { SchemaForm, showField } from '@/forms/SchemaForm';
import { Problem } from '@/ui/Problem';
import { About } from './About';
import { type DataSource, type Finding, useDataSources } from './data';
import type { Draft } from './draft';
import { TestResult } from './TestResult';
import { useTexts } from './texts';
import { useEditor } from './useEditor';

export interface EditorProps {
  start: Draft;
  source?: DataSource;
  role?: 'source' | 'destination';
  disabled?: boolean;
  onSaved: (saved: DataSource) => void;
  onClose: () => void;
  /** Back to the choice of the type. */
  onBack?: () => void;
  onDirty: (isDirty: boolean) => void;
  /** Takes what somebody else has saved meanwhile. */
  onReload?: () => void;
}

/** The form of a data source, with what its tests find. */
export function Editor({
  role,
  disabled = false,
  onClose,
  onBack,
  onDirty,
  onReload,
  ...given
}: EditorProps) {
  const say = useTexts();
  const id = useId();
  const body = useRef<HTMLDivElement>(null);
  const { mode } = useProject();
  const sources = useDataSources();
  const connector = useConnector(given.start.type);
  const schema = connector?.options.connection;
  const editor = useEditor({ ...given, schema });
  const { draft, change, busy, isDirty, findings } = editor;
  useEffect(() => {
    onDirty(isDirty);
    return () => onDirty(false);
  }, [isDirty, onDirty]);
  // Whoever asked to go on is brought to what keeps them from it.
  const { asked, isWrong } = editor;
  useEffect(() => {
    if (asked === 0 || !isWrong) return;
    body.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [asked, isWrong]);
  const knownTags = useMemo(
    () => [...new Set(sources.data?.flatMap((one) => one.tags ?? []))].sort(),
    [sources.data],
  );
  const show = ({ at }: Finding) => {
    if (body.current) showPlace(body.current, at);
  };
  const about = {
    draft,
    onChange: change,
    findings,
    knownTags,
    codeIsFixed: Boolean(given.source?.code),
    disabled,
  };
  const canWrite = connector?.capabilities.write != null && role !== 'source';
  return (
    <form
      id={id}
      noValidate
      style={{ display: 'flex', flexDirection: 'column', height: '100%' }}
      onSubmit={(event) => {
        event.preventDefault();
        if (!disabled) void editor.save();
      }}
    >
      <div ref={body} style={{ flex: 1, minHeight: 0, overflow: 'auto', padding: 24 }}>
        <Flex vertical gap={24}>
          <About {...about} part="first" />
          <Section
            title={say('connection')}
            extra={mode === 'dev-prod' && <ForDevelopment {...{ draft, change, disabled }} />}
          >
            {schema ? (
              <Connection {...{ draft, change, findings, disabled, schema, strict: editor.strict }} />
            ) : (
              <Alert type="warning" showIcon title={say('noType', { type: draft.type })} />
            )}
          </Section>
          <Section title={say('about')}>
            <About {...about} part="rest" />
          </Section>
        </Flex>
      </div>
      <Foot>
        <Refusal error={editor.error} isPlaced={editor.isPlaced} onReload={onReload} />
        {((editor.strict && editor.isWrong) || editor.isPlaced) && (
          <Alert type="error" showIcon title={say('fixFields')} />
        )}
        {editor.isStale ? (
          <Typography.Text type="secondary">{say('stale')}</Typography.Text>
        ) : (
          <div style={{ maxHeight: 220, overflow: 'auto' }}>
            <TestResult trials={editor.trials} named={mode === 'dev-prod'} writes={canWrite} onShow={show} />
          </div>
        )}
        <Flex justify="space-between" gap={8} wrap>
          {onBack ? (
            <Button icon={<ArrowLeftOutlined />} onClick={onBack}>
              {say('back')}
            </Button>
          ) : (
            <span />
          )}
          {disabled ? (
            <Button onClick={onClose}>{say('close')}</Button>
          ) : (
            <Flex gap={8}>
              <Button onClick={() => void editor.test()} loading={busy === 'test'} disabled={!schema}>
                {busy === 'test' ? say('testing') : say('testConnection')}
              </Button>
              <Button onClick={onClose}>{say('cancel')}</Button>
              <Button type="primary" htmlType="submit" loading={busy === 'save'} disabled={!schema}>
                {given.source ? say('save') : say('create')}
              </Button>
            </Flex>
          )}
        </Flex>
      </Foot>
    </form>
  );
}

type Change = (changes: Partial<Draft>) => void;

function Connection({
  draft,
  change,
  findings,
  disabled,
  schema,
  strict,
}: {
  draft: Draft;
  change: Change;
  findings: readonly Finding[];
  disabled: boolean;
  schema: Parameters<typeof SchemaForm>[0]['schema'];
  strict: boolean;
}) {
  const say = useTexts();
  const { mode } = useProject();
  const { development } = draft;
  const beside = mode === 'dev-prod' && development !== null;
  return (
    <Flex vertical gap={12}>
      {mode === 'dev-prod' && (
        <Typography.Text type="secondary">
          {beside ? say('forDevelopmentHelp') : say('productionOnly')}
        </Typography.Text>
      )}
      {beside && (
        <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 24 }}>
          <Typography.Text strong>{say('production')}</Typography.Text>
          <Typography.Text strong>{say('development')}</Typography.Text>
        </div>
      )}
      <SchemaForm
        schema={schema}
        value={draft.options}
        onChange={(options) => change({ options })}
        findings={findings.filter(({ at }) => at.startsWith('options'))}
        prefix="options"
        disabled={disabled}
        strict={strict}
        fold
        columnTitles={beside ? [say('production'), say('development')] : undefined}
        beside={
          beside
            ? {
                value: development,
                onChange: (next) => change({ development: next }),
                findings: findings.filter(({ at }) => at.startsWith('development')),
                prefix: 'development',
              }
            : undefined
        }
      />
      {beside && Object.keys(development).length === 0 && (
        <Alert type="warning" showIcon title={say('sameEverywhere')} />
      )}
    </Flex>
  );
}

function ForDevelopment({ draft, change, disabled }: { draft: Draft; change: Change; disabled: boolean }) {
  const say = useTexts();
  const id = useId();
  // What was filled in comes back when the switch does.
  const last = useRef(draft.development);
  const set = (on: boolean) => {
    if (!on) last.current = draft.development;
    change({ development: on ? (last.current ?? {}) : null });
  };
  return (
    <Flex gap={8} align="center">
      <label htmlFor={id}>{say('forDevelopment')}</label>
      <Switch id={id} size="small" checked={draft.development !== null} disabled={disabled} onChange={set} />
    </Flex>
  );
}

function Refusal({
  error,
  isPlaced,
  onReload,
}: {
  error: unknown;
  isPlaced: boolean;
  onReload?: () => void;
}) {
  const say = useTexts();
  const code = error instanceof ProblemError ? error.problem.code : undefined;
  if (isPlaced) return null;
  const reload = code === 'EDITED_MEANWHILE' && onReload && (
    <Button size="small" onClick={onReload}>
      {say('loadTheirs')}
    </Button>
  );
  return <Problem error={error} action={reload} />;
}

function Section({
  title,
  extra,
  children,
}: {
  title: string;
  extra?: React.ReactNode;
  children: React.ReactNode;
}) {
  return (
    <section>
      <Flex justify="space-between" align="center" style={{ marginBlockEnd: 12 }}>
        <Typography.Title level={2} style={{ margin: 0, fontSize: 16 }}>
          {title}
        </Typography.Title>
        {extra}
      </Flex>
      {children}
    </section>
  );
}

function Foot({ children }: { children: React.ReactNode }) {
  const { token } = theme.useToken();
  return (
    <div style={{ padding: '12px 24px', borderBlockStart: `1px solid ${token.colorBorderSecondary}` }}>
      <Flex vertical gap={12}>
        {children}
      </Flex>
    </div>
  );
}

/** Goes to the field of a finding: of the options, or of what is said about the data source. */
function showPlace(body: HTMLElement, at: string): void {
  showField(body, at.replace(/^(options|development)\./, ''));
}
