import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, call, ifMatch, ProblemError, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import type { Draft } from './draft';

type Shown = Schemas['MigrationShown'];
export type SaveState = 'saved' | 'waiting' | 'saving' | 'refused' | 'conflict';

/** So long nothing more is typed before it is saved. */
const QUIET = 700;

export function draftOf(shown: Shown): Draft {
  const { name: _, ...draft } = (shown.document ?? {}) as Draft & { name?: unknown };
  return draft;
}

export interface Saving {
  name: string;
  draft: Draft;
  /** Grows with each change, of whoever. */
  version: number;
  state: SaveState;
  error: unknown;
  /** What somebody else made of it meanwhile. */
  theirs: Shown | null;
  edition: number;
  changedAt: string;
  change: (update: (draft: Draft) => Draft) => void;
  rename: (name: string) => Promise<void>;
  /** Sends what is not saved yet; throws where it is refused. */
  save: () => Promise<void>;
  loadTheirs: () => void;
  keepMine: () => Promise<void>;
}

/** Keeps a draft and saves it by itself; edits of others are noticed, and never written over unasked. */
export function useSaving(loaded: Shown, mayEdit: boolean): Saving {
  const project = useProject();
  const client = useQueryClient();
  const [shown, setShown] = useState(loaded);
  const [draft, setDraft] = useState(() => draftOf(loaded));
  const [version, setVersion] = useState(0);
  const [state, setState] = useState<SaveState>('saved');
  const [error, setError] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<Shown | null>(null);
  const now = useRef({ draft, shown, dirty: false, busy: false, ended: false });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const again = useRef<() => Promise<void>>(() => Promise.resolve());

  const adopt = useCallback((next: Shown) => {
    Object.assign(now.current, { shown: next, draft: draftOf(next), dirty: false });
    setShown(next);
    setDraft(now.current.draft);
    setVersion((version) => version + 1);
    setTheirs(null);
    setError(null);
    setState('saved');
  }, []);

  const send = useCallback(
    async (name?: string) => {
      const at = now.current;
      clearTimeout(timer.current);
      if (!at.dirty && name === undefined) return;
      const sent = at.draft;
      const wasDirty = at.dirty;
      const path = { project: project.id, migration: at.shown.id };
      at.dirty = false;
      at.busy = true;
      setState('saving');
      try {
        const kept = await call(
          api.PUT('/projects/{project}/migrations/{migration}', {
            params: { path, header: ifMatch(at.shown.edition) },
            body: { name: name ?? at.shown.name, document: sent },
          }),
        );
        at.shown = kept;
        client.setQueryData(['migrations', project.id, kept.id], kept);
        void client.invalidateQueries({ queryKey: ['migrations', project.id, 'list'] });
        if (at.ended) return;
        setShown(kept);
        setError(null);
        setState(at.dirty ? 'waiting' : 'saved');
      } catch (cause) {
        at.dirty ||= wasDirty;
        if (cause instanceof ProblemError && cause.problem.code === 'EDITED_MEANWHILE') {
          at.dirty = true;
          setTheirs(await call(api.GET('/projects/{project}/migrations/{migration}', { params: { path } })));
          setState('conflict');
        } else {
          // A name that is refused is told where it was typed.
          if (name === undefined) setError(cause);
          else if (at.dirty) timer.current = setTimeout(() => void again.current().catch(() => {}), QUIET);
          setState(name === undefined ? 'refused' : at.dirty ? 'waiting' : 'saved');
        }
        throw cause;
      } finally {
        at.busy = false;
      }
    },
    [client, project.id],
  );

  const inTurn = useCallback(
    (name?: string) => {
      const next = queue.current.then(() => send(name));
      queue.current = next.catch(() => {});
      return next;
    },
    [send],
  );

  again.current = inTurn;

  const isHeld = theirs !== null;
  const change = useCallback(
    (update: (draft: Draft) => Draft) => {
      const at = now.current;
      const next = update(at.draft);
      if (next === at.draft || !mayEdit) return;
      at.draft = next;
      at.dirty = true;
      setDraft(next);
      setVersion((version) => version + 1);
      if (isHeld) return;
      setState('waiting');
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void inTurn().catch(() => {}), QUIET);
    },
    [inTurn, mayEdit, isHeld],
  );

  // What was read anew is taken over, unless there are edits of one's own.
  useEffect(() => {
    const at = now.current;
    if (loaded.edition > at.shown.edition && !at.dirty && !at.busy) adopt(loaded);
  }, [loaded, adopt]);

  useEffect(() => {
    const at = now.current;
    at.ended = false;
    const ask = (event: BeforeUnloadEvent) => {
      if (at.dirty || at.busy) event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => {
      window.removeEventListener('beforeunload', ask);
      at.ended = true;
      void inTurn().catch(() => {});
    };
  }, [inTurn]);

  return {
    name: shown.name,
    draft,
    version,
    state,
    error,
    theirs,
    edition: shown.edition,
    changedAt: shown['changed-at'],
    change,
    rename: inTurn,
    save: () => inTurn(),
    loadTheirs: () => theirs && adopt(theirs),
    keepMine: async () => {
      if (theirs === null) return;
      now.current.shown = theirs;
      now.current.dirty = true;
      setShown(theirs);
      setTheirs(null);
      await inTurn().catch(() => {});
    },
  };
}
