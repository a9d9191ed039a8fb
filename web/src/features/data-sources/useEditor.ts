import { useMemo, useRef, useState } from 'react';
import { ProblemError } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import { validate } from '@/forms/SchemaForm';
import type { JsonSchema } from '@/forms/schema';
import { type DataSource, type Finding, useChanges } from './data';
import { type Draft, isCode, isName, placed, writtenOf } from './draft';
import type { Trial } from './TestResult';
import { useTexts } from './texts';

/** A data source that is being made or changed: what is filled in, what tests and the service say of it. */
export function useEditor({
  start,
  source,
  schema,
  onSaved,
}: {
  start: Draft;
  /** What it is an edit of. */
  source?: DataSource;
  schema: JsonSchema | undefined;
  onSaved: (saved: DataSource) => void;
}) {
  const say = useTexts();
  const { mode } = useProject();
  const { create, edit, testDraft } = useChanges();
  const [draft, setDraft] = useState(start);
  // So often somebody has asked to go on; since then all that is wrong is said.
  const [asked, setAsked] = useState(0);
  const strict = asked > 0;
  const [busy, setBusy] = useState<'test' | 'save' | null>(null);
  const [trials, setTrials] = useState<{ of: Draft; all: Trial[] } | null>(null);
  const [refused, setRefused] = useState<{ of: Draft; error: unknown; findings: Finding[] } | null>(null);
  const latest = useRef(draft);
  latest.current = draft;

  const wrong = useMemo(() => ownFindings(draft, say), [draft, say]);
  const optionsAreWrong =
    schema !== undefined &&
    (validate(schema, draft.options).length > 0 ||
      validate({ ...schema, required: [] }, draft.development ?? {}).length > 0);
  const isWrong = optionsAreWrong || wrong.length > 0;
  // A connection needs no name.
  const cannotTest = optionsAreWrong || wrong.some(({ at }) => at !== 'name');
  const environments: Environment[] =
    mode === 'dev-prod' && draft.development !== null ? ['production', 'development'] : ['production'];

  const test = async () => {
    setAsked((times) => times + 1);
    if (cannotTest) return;
    setBusy('test');
    const all = await Promise.all(
      environments.map(async (environment): Promise<Trial> => {
        try {
          const tested = await testDraft(writtenOf(draft), environment, source?.id);
          return { environment, tested: { ...tested, findings: placed(tested.findings, environment) } };
        } catch (error) {
          return { environment, error };
        }
      }),
    );
    setTrials({ of: draft, all });
    setBusy(null);
  };

  const save = async () => {
    setAsked((times) => times + 1);
    setRefused(null);
    if (isWrong || busy === 'save') return;
    setBusy('save');
    try {
      onSaved(source ? await edit(source, writtenOf(draft)) : await create(writtenOf(draft)));
    } catch (error) {
      const findings = explained(error);
      if (latest.current === draft) setRefused({ of: draft, error, findings });
    } finally {
      setBusy(null);
    }
  };

  const current = refused?.of === draft ? refused : null;
  const said = trials?.of === draft ? trials.all.flatMap(({ tested }) => tested?.findings ?? []) : [];
  return {
    draft,
    change: (changes: Partial<Draft>) => setDraft((old) => ({ ...old, ...changes })),
    isDirty: draft !== start,
    strict,
    asked,
    isWrong,
    busy,
    test,
    save,
    trials: trials?.all ?? [],
    isStale: trials !== null && trials.of !== draft,
    error: current?.error ?? null,
    /** Whether all that the service has against it is said at fields. */
    isPlaced:
      current !== null && current.findings.length > 0 && current.findings.every(({ at }) => at !== ''),
    findings: [...said, ...(current?.findings ?? []), ...(strict ? wrong : [])],
  };
}

/** What can be told here of what no connector is asked about. */
function ownFindings(draft: Draft, say: ReturnType<typeof useTexts>): Finding[] {
  const findings: Finding[] = [];
  const tell = (at: string, message: string) =>
    findings.push({ at, message, code: '', hint: null, severity: 'blocker' });
  const length = [...draft.description].length;
  if (draft.name.trim() === '') tell('name', say('nameNeeded'));
  else if (!isName(draft.name)) tell('name', say('nameBad'));
  if (!isCode(draft.code)) tell('code', say('codeBad'));
  if (length > 128) tell('description', say('descriptionLong', { length }));
  return findings;
}

const OF_NAME = ['BAD_NAME', 'NAME_TAKEN'];

/** The places that a refusal is about. */
function explained(error: unknown): Finding[] {
  if (!(error instanceof ProblemError)) return [];
  const { code, detail, hint, findings } = error.problem;
  if (OF_NAME.includes(code)) {
    return [{ at: 'name', message: detail, hint: hint ?? null, code, severity: 'blocker' }];
  }
  return findings ?? [];
}
