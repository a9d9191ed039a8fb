import { useQuery } from '@tanstack/react-query';
import { App, Drawer } from 'antd';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { useGuard } from './DataSourceDrawer';
import { draftOf } from './draft';
import { Editor } from './Editor';
import { useTexts } from './texts';

/** Shows a data source of the project, and changes it. */
export function EditDrawer({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const say = useTexts();
  const { mode } = useProject();
  const guard = useGuard(onClose);
  const [title, setTitle] = useState('');
  return (
    <Drawer
      open={id !== undefined}
      title={title === '' ? say('title') : say('editing', { name: title })}
      size={mode === 'dev-prod' ? 960 : 760}
      onClose={guard.close}
      destroyOnHidden
      styles={{ body: { padding: 0 } }}
    >
      {id !== undefined && <Loaded key={id} id={id} guard={guard} onTitle={setTitle} onClose={onClose} />}
    </Drawer>
  );
}

function Loaded({
  id,
  guard,
  onTitle,
  onClose,
}: {
  id: string;
  guard: ReturnType<typeof useGuard>;
  onTitle: (title: string) => void;
  onClose: () => void;
}) {
  const say = useTexts();
  const { message } = App.useApp();
  const { id: project } = useProject();
  const may = useMayHere();
  // What is edited is what was read when the form was opened, or asked for again.
  const [version, setVersion] = useState(0);
  const source = useQuery({
    queryKey: ['data-source-edits', project, id, version],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    queryFn: async () => {
      const path = { project, source: id };
      const read = await call(api.GET('/projects/{project}/data-sources/{source}', { params: { path } }));
      onTitle(read.name);
      return read;
    },
  });
  if (source.isPending) return <Waiting />;
  if (source.isError) return <Problem error={source.error} style={{ margin: 24 }} />;
  return (
    <Started
      key={version}
      source={source.data}
      disabled={!may('manage-data-sources')}
      guard={guard}
      onReload={() => setVersion(version + 1)}
      onSaved={(name) => {
        void message.success(say('saved', { name }));
        onClose();
      }}
    />
  );
}

function Started({
  source,
  disabled,
  guard,
  onReload,
  onSaved,
}: {
  source: Parameters<typeof draftOf>[0];
  disabled: boolean;
  guard: ReturnType<typeof useGuard>;
  onReload: () => void;
  onSaved: (name: string) => void;
}) {
  const [start] = useState(() => draftOf(source));
  return (
    <Editor
      start={start}
      source={source}
      disabled={disabled}
      onDirty={guard.onDirty}
      onClose={guard.close}
      onReload={onReload}
      onSaved={({ name }) => onSaved(name)}
    />
  );
}
