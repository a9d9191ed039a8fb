import { useQueryClient } from '@tanstack/react-query';
import type { FormInstance } from 'antd';
import { useEffect, useState } from 'react';
import { type Project, useProject } from '@/app/project';
import { type ProjectWritten, reread, useEditProject } from '../editing';

/**
 * A form's version of the project: what was read when the form began, so that an edit of somebody else
 * meanwhile is told, and not overwritten. Where nothing was typed, it follows what is read.
 */
export function useBase<Fields>(form?: FormInstance<Fields>) {
  const client = useQueryClient();
  const project = useProject();
  const [base, setBase] = useState<Project>(project);
  const edit = useEditProject();
  useEffect(() => {
    if (project.edition > base.edition && !form?.isFieldsTouched()) setBase(project);
  }, [project, base.edition, form]);
  return {
    base,
    edit,
    save: (changes: Partial<ProjectWritten>) => edit.mutateAsync({ base, changes }).then(setBase),
    reload: async () => {
      edit.reset();
      setBase(await reread(client, project.id));
    },
  };
}
