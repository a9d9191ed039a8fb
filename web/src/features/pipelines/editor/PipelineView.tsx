import { useMutation } from '@tanstack/react-query';
import { Alert, App, Button, Flex, Tabs } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { ProblemError } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import type { CodeEditorHandle } from '@/ui/CodeEditor';
import { FindingList } from '@/ui/Findings';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { SubmitDialog } from '../dialogs/SubmitDialog';
import { type Finding, type Pipeline, useTouched } from '../queries';
import { useTexts } from '../texts';
import { LeaveGuard } from './LeaveGuard';
import { PipelineForm } from './PipelineForm';
import { PipelineHead } from './PipelineHead';
import { ScriptTab } from './ScriptTab';
import { TrialTab } from './TrialTab';
import { UsesTab } from './UsesTab';
import { useDraft, useSavedScript } from './useDraft';
import { VersionsTab } from './VersionsTab';

export type View = 'form' | 'script' | 'trial' | 'versions' | 'uses';

/** One pipeline: as a form and as a script, tried, submitted, its versions and its uses. */
export function PipelineView({ pipeline, onGone }: { pipeline: Pipeline; onGone: () => void }) {
  const saved = useSavedScript(pipeline);
  const [last, setLast] = useState<{ text: string; pipeline: Pipeline }>();
  useEffect(() => {
    if (saved.data !== undefined) setLast({ text: saved.data, pipeline });
  }, [saved.data, pipeline]);
  if (saved.isError && last === undefined) return <Problem error={saved.error} />;
  if (last === undefined) return <Waiting />;
  return <Opened saved={last.text} pipeline={last.pipeline} onGone={onGone} />;
}

function Opened({ saved, pipeline, onGone }: { saved: string; pipeline: Pipeline; onGone: () => void }) {
  const say = useTexts();
  const { get, set } = useSearch();
  const { message } = App.useApp();
  const project = useProject();
  const may = useMayHere();
  const draft = useDraft(pipeline, saved);
  const touched = useTouched();
  const [isSubmitting, setIsSubmitting] = useState(false);
  const editor = useRef<CodeEditorHandle>(null);
  const [due, setDue] = useState<Finding>();
  const mayEdit = may('edit-migrations');
  const maySubmit = mayEdit && (project.mode === 'dev-prod' || may('publish'));
  const view = (get('view') as View | undefined) ?? 'form';
  const save = useMutation({
    mutationFn: draft.save,
    onSuccess: () => void message.success(say('saved')),
  });
  const latest = useRef({ draft, save, mayEdit });
  latest.current = { draft, save, mayEdit };
  useEffect(() => {
    const heed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      const { draft, save, mayEdit } = latest.current;
      if (mayEdit && draft.isDirty && !save.isPending) save.mutate();
    };
    window.addEventListener('keydown', heed);
    return () => window.removeEventListener('keydown', heed);
  }, []);
  // The editor comes with its tab, a moment after a finding was chosen.
  useEffect(() => {
    if (view !== 'script' || !due?.position) return;
    const { line, column } = due.position;
    const timer = setTimeout(() => editor.current?.reveal(line, column), 250);
    setDue(undefined);
    return () => clearTimeout(timer);
  }, [view, due]);
  const show = (finding: Finding) => {
    setDue(finding);
    set({ view: 'script' });
  };
  const takeTheirs = async () => {
    save.reset();
    draft.reset();
    await touched();
  };
  const isConflict = save.error instanceof ProblemError && save.error.problem.code === 'EDITED_MEANWHILE';
  const findings = draft.findings ?? [];
  return (
    <Flex vertical gap={12}>
      <PipelineHead
        draft={draft}
        isSaving={save.isPending}
        onSave={() => save.mutate()}
        onSubmit={maySubmit ? () => setIsSubmitting(true) : undefined}
        onGone={onGone}
      />
      <Problem
        error={save.error}
        action={
          isConflict && (
            <Button size="small" onClick={() => void takeTheirs()}>
              {say('theirs')}
            </Button>
          )
        }
      />
      {view !== 'script' && findings.length > 0 && (
        <Alert
          type={findings.some(({ severity }) => severity === 'blocker') ? 'error' : 'info'}
          title={say('findings')}
          description={<FindingList findings={findings} onShow={show} />}
        />
      )}
      <Tabs
        activeKey={view}
        onChange={(key) => set({ view: key === 'form' ? undefined : key })}
        items={[
          {
            key: 'form',
            label: say('form'),
            children: (
              <PipelineForm draft={draft} mayEdit={mayEdit} onScript={() => set({ view: 'script' })} />
            ),
          },
          {
            key: 'script',
            label: say('script'),
            children: <ScriptTab draft={draft} mayEdit={mayEdit} editor={editor} onShow={show} />,
          },
          { key: 'trial', label: say('trial'), children: <TrialTab draft={draft} mayEdit={mayEdit} /> },
          {
            key: 'versions',
            label: say('versions'),
            children: (
              <VersionsTab draft={draft} onTakeOver={mayEdit ? () => set({ view: 'script' }) : undefined} />
            ),
          },
          { key: 'uses', label: say('uses'), children: <UsesTab pipeline={draft.pipeline} /> },
        ]}
        destroyOnHidden
      />
      <LeaveGuard isDirty={draft.isDirty} />
      <SubmitDialog
        open={isSubmitting}
        pipelines={[pipeline.id]}
        before={draft.isDirty ? draft.save : undefined}
        onClose={() => setIsSubmitting(false)}
      />
    </Flex>
  );
}
