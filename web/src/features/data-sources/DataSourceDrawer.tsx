import { App, Drawer } from 'antd';
import { useCallback, useRef, useState } from 'react';
import { useProject } from '@/app/project';
import { useConnector } from '@/forms/connectors';
import type { DataSource } from './data';
import { emptyDraft } from './draft';
import { Editor } from './Editor';
import { TypeCards } from './TypeCards';
import { useTexts } from './texts';

/** Makes a data source: its type is chosen, its options given, the connection tried. */
export function DataSourceDrawer({
  open,
  role,
  type,
  onClose,
  onCreated,
}: {
  open: boolean;
  /** What it is needed for: only types that can be it are offered. */
  role?: 'source' | 'destination';
  /** The type, where that is known already. */
  type?: string;
  onClose: () => void;
  onCreated: (source: DataSource) => void;
}) {
  const say = useTexts();
  const { mode } = useProject();
  const { message } = App.useApp();
  const [chosen, setChosen] = useState<string>();
  const kind = type ?? chosen;
  const connector = useConnector(kind);
  const guard = useGuard(onClose);
  const title = kind ? say('newOf', { type: connector?.title ?? kind }) : say('make');
  return (
    <Drawer
      open={open}
      title={title}
      size={kind && mode === 'dev-prod' ? 960 : 760}
      onClose={guard.close}
      afterOpenChange={(isOpen) => {
        if (!isOpen) setChosen(undefined);
      }}
      destroyOnHidden
      styles={{ body: { padding: 0 } }}
    >
      {kind ? (
        <Editor
          key={kind}
          start={emptyDraft(kind, mode === 'dev-prod')}
          role={role}
          onDirty={guard.onDirty}
          onClose={guard.close}
          onBack={type ? undefined : () => guard.ask(() => setChosen(undefined))}
          onSaved={(made) => {
            void message.success(say('made', { name: made.name }));
            onCreated(made);
          }}
        />
      ) : (
        <div style={{ padding: 24 }}>
          <TypeCards role={role} onChoose={setChosen} />
        </div>
      )}
    </Drawer>
  );
}

/** Asks before what was filled in is thrown away. */
export function useGuard(onClose: () => void) {
  const say = useTexts();
  const { modal } = App.useApp();
  const dirty = useRef(false);
  const onDirty = useCallback((isDirty: boolean) => {
    dirty.current = isDirty;
  }, []);
  const ask = (then: () => void) => {
    const go = () => {
      dirty.current = false;
      then();
    };
    if (!dirty.current) return go();
    modal.confirm({
      title: say('discard'),
      okText: say('discardDo'),
      cancelText: say('discardNot'),
      okButtonProps: { danger: true },
      onOk: go,
    });
  };
  return { onDirty, ask, close: () => ask(onClose) };
}
