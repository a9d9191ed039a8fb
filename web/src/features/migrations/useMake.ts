import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';

/** Makes a migration that says nothing yet, and opens it. */
export function useMake(): (name: string) => Promise<void> {
  const project = useProject();
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (name) => {
    const made = await call(
      api.POST('/projects/{project}/migrations', {
        params: { path: { project: project.id } },
        body: { name, document: {} },
      }),
    );
    void client.invalidateQueries({ queryKey: ['migrations', project.id, 'list'] });
    navigate(`/p/${project.id}/migrations/${made.id}`);
  };
}
