import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { Wizard } from './Wizard';

/** One migration, on one page. */
export default function WizardPage() {
  const project = useProject();
  const { migration: id = '' } = useParams();
  const migration = useQuery({
    queryKey: ['migrations', project.id, id],
    queryFn: () =>
      call(
        api.GET('/projects/{project}/migrations/{migration}', {
          params: { path: { project: project.id, migration: id } },
        }),
      ),
  });
  if (migration.isPending) return <Waiting />;
  if (migration.data === undefined) return <Problem error={migration.error} style={{ margin: 24 }} />;
  return <Wizard key={id} loaded={migration.data} />;
}
