import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { changePipeline, type Finding, type Pipeline, useTouched } from '../queries';
import { type Edit, editScript, readScript, type Script, saysTheSame } from '../script';

export interface Draft {
  pipeline: Pipeline;
  script: Script;
  setText: (text: string) => void;
  edit: (edits: readonly Edit[]) => void;
  description: string;
  setDescription: (description: string) => void;
  isDirty: boolean;
  /** What stands against it as it is typed; unset until that was asked. */
  findings: readonly Finding[] | undefined;
  isChecking: boolean;
  /** Has it checked now. */
  check: () => Promise<unknown>;
  save: () => Promise<Pipeline>;
  reset: () => void;
}

const CHECKED_AFTER = 350;

/** The text of a pipeline as it is kept. */
export function useSavedScript(pipeline: Pipeline) {
  const project = useProject();
  return useQuery({
    queryKey: ['pipelines', project.id, 'script', pipeline.id, pipeline.edition],
    queryFn: async () =>
      (
        await call(
          api.GET('/projects/{project}/pipelines/{pipeline}/script', {
            params: { path: { project: project.id, pipeline: pipeline.id }, query: { format: 'yaml' } },
          }),
        )
      ).text,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/**
 * What is being edited of a pipeline: one text, which the form and the script both show. What others save meanwhile
 * is taken over while nothing was changed here.
 */
export function useDraft(pipeline: Pipeline, saved: string): Draft {
  const project = useProject();
  const client = useQueryClient();
  const touched = useTouched();
  const [base, setBase] = useState({ text: saved, pipeline });
  const [text, setText] = useState(saved);
  const [description, setDescription] = useState(pipeline.description ?? '');
  const script = useMemo(() => readScript(text), [text]);
  const isDirty = useMemo(
    () => !saysTheSame(text, base.text) || description !== (base.pipeline.description ?? ''),
    [text, description, base],
  );
  useEffect(() => {
    if (pipeline.edition <= base.pipeline.edition) return;
    const isSame = saysTheSame(saved, base.text) && pipeline.description === base.pipeline.description;
    if (isDirty && !isSame) return;
    setBase({ text: saved, pipeline });
    if (isDirty) return;
    setText(saved);
    setDescription(pipeline.description ?? '');
  }, [pipeline, saved, base, isDirty]);

  const settled = useSettled(text, CHECKED_AFTER);
  const isSaved = saysTheSame(settled, base.text);
  const checked = useQuery({
    queryKey: ['pipelines', project.id, 'check', isSaved ? base.pipeline.id : null, settled],
    queryFn: ({ signal }) =>
      call(
        api.POST('/projects/{project}/pipelines/check', {
          params: { path: { project: project.id } },
          body: { script: settled },
          signal,
        }),
      ),
    placeholderData: (before) => before,
  });
  // What a script alone cannot tell: whether it still has the part that the pipeline carries out.
  const whole = useQuery({
    queryKey: ['pipelines', project.id, 'check', base.pipeline.id, base.pipeline.edition],
    enabled: isSaved,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/pipelines/{pipeline}/check', {
          params: { path: { project: project.id, pipeline: base.pipeline.id } },
        }),
      ),
  });
  const findings = useMemo(() => {
    const typed = checked.data?.findings;
    if (typed === undefined) return undefined;
    const known = new Set(typed.map(({ code, at }) => `${code} ${at}`));
    const more = isSaved ? (whole.data?.findings ?? []) : [];
    return [...typed, ...more.filter(({ code, at }) => !known.has(`${code} ${at}`))];
  }, [checked.data, whole.data, isSaved]);

  return {
    pipeline: base.pipeline,
    script,
    setText,
    edit: (edits) => setText((before) => editScript(before, edits)),
    description,
    setDescription,
    isDirty,
    findings,
    isChecking: checked.isFetching || settled !== text,
    check: () => Promise.all([checked.refetch(), isSaved ? whole.refetch() : null]),
    save: async () => {
      const changes = {
        ...(saysTheSame(text, base.text) ? {} : { script: text }),
        ...(description === (base.pipeline.description ?? '') ? {} : { description }),
      };
      const next = await changePipeline(project, base.pipeline, changes);
      client.setQueryData(['pipelines', project.id, 'one', pipeline.id], next);
      setBase({ text, pipeline: next });
      await touched();
      return next;
    },
    reset: () => {
      setText(base.text);
      setDescription(base.pipeline.description ?? '');
    },
  };
}

/** A value once it has not changed for a while. */
function useSettled<T>(value: T, after: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), after);
    return () => clearTimeout(timer);
  }, [value, after]);
  return settled;
}
