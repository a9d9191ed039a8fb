import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { useParams } from 'react-router';
import { all, api, call, type Schemas } from '@/api/client';
import { type Right, useMay } from '@/app/session';
import { Refused } from '@/ui/Refused';
import { defineTexts } from '@/ui/texts';
import { Waiting } from '@/ui/Waiting';

export type Project = Schemas['ProjectShown'];

/** Data sources, tasks and instances are of one of these; a Basic project has production alone. */
export type Environment = 'development' | 'production';

const ProjectContext = createContext<Project | null>(null);
const LAST = 'godwit.project';

const useTexts = defineTexts('in-project', { toProjects: 'All projects' }, { toProjects: '全部项目' });

/** The id of the project that was open last on this browser, as long as the person may see it. */
export function useLastProject(): string | undefined {
  const projects = useProjects();
  const last = localStorage.getItem(LAST) ?? undefined;
  if (projects.data === undefined) return last;
  return projects.data.some(({ id }) => id === last) ? last : undefined;
}

/** The project that the address names. */
export function useProject(): Project {
  const project = useContext(ProjectContext);
  if (project === null) throw new Error('this page is in no project');
  return project;
}

/** Whether the person has a right in this project. */
export function useMayHere(): (right: Right) => boolean {
  const may = useMay();
  const project = useProject();
  return (right) => may(right, project.id);
}

/** All projects that the person may see. */
export function useProjects() {
  return useQuery({
    queryKey: ['projects'],
    queryFn: () => all((after) => call(api.GET('/projects', { params: { query: { after, limit: 500 } } }))),
  });
}

/** Reads the project of the address, and shows its children in it. */
export function InProject({ children }: { children: ReactNode }) {
  const say = useTexts();
  const { project: id = '' } = useParams();
  const project = useQuery({
    queryKey: ['projects', id],
    queryFn: () => call(api.GET('/projects/{project}', { params: { path: { project: id } } })),
  });
  useEffect(() => {
    if (project.data) localStorage.setItem(LAST, project.data.id);
  }, [project.data]);
  if (project.isPending) return <Waiting />;
  if (project.isError) {
    const back = { title: say('toProjects'), to: '/projects' };
    return <Refused error={project.error} onAgain={project.refetch} back={back} />;
  }
  return <ProjectContext.Provider value={project.data}>{children}</ProjectContext.Provider>;
}
