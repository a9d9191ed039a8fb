import { useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { api, call, ifMatch } from '@/api/client';
import type { Project } from '@/app/project';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { projectsChanged } from './editing';
import { useTexts } from './texts';

/** Asks whether a project goes, and lets it go. */
export function RemoveProject({
  project,
  onRemoved,
  onClose,
}: {
  project: Project | null;
  onRemoved: () => void;
  onClose: () => void;
}) {
  const say = useTexts();
  const client = useQueryClient();
  const { message } = App.useApp();
  const name = project?.name ?? '';
  const remove = async () => {
    if (project === null) return;
    await call(
      api.DELETE('/projects/{project}', {
        params: { path: { project: project.id }, header: ifMatch(project.edition) },
      }),
    );
    message.success(say('removed', { name }));
    onRemoved();
    client.removeQueries({ queryKey: ['projects', project.id] });
    await projectsChanged(client);
  };
  return (
    <ConfirmTyped
      open={project !== null}
      title={say('remove-title', { name })}
      consequence={say('remove-consequence')}
      word={name}
      action={say('remove')}
      onConfirm={remove}
      onCancel={onClose}
    />
  );
}
