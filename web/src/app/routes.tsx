import { lazy, type ReactNode, Suspense } from 'react';
import { createBrowserRouter, Navigate, type RouteObject } from 'react-router';
import { InProject, lastProject } from '@/app/project';
import { Shell } from '@/app/Shell';
import { Session } from '@/app/session';
import { Waiting } from '@/ui/Waiting';
import { Broken, NotFound } from './Broken';

/** A page whose code comes when it is opened. */
function later(load: () => Promise<{ default: () => ReactNode }>): ReactNode {
  const Loaded = lazy(load);
  return (
    <Suspense fallback={<Waiting />}>
      <Loaded />
    </Suspense>
  );
}

function Home() {
  const project = lastProject();
  return <Navigate to={project ? `/p/${project}/dashboard` : '/projects'} replace />;
}

const ofProject: RouteObject[] = [
  { index: true, element: <Navigate to="migrations" replace /> },
  { path: 'migrations', element: later(() => import('@/features/migrations/MigrationsPage')) },
  { path: 'migrations/:migration', element: later(() => import('@/features/wizard/WizardPage')) },
  { path: 'pipelines', element: later(() => import('@/features/pipelines/PipelinesPage')) },
  { path: 'pipelines/:pipeline', element: later(() => import('@/features/pipelines/PipelinesPage')) },
  { path: 'publish', element: later(() => import('@/features/pipelines/PublishPage')) },
  { path: 'data-sources', element: later(() => import('@/features/data-sources/DataSourcesPage')) },
  { path: 'metadata', element: later(() => import('@/features/metadata/MetadataPage')) },
  { path: 'dashboard', element: later(() => import('@/features/operations/DashboardPage')) },
  { path: 'tasks', element: later(() => import('@/features/operations/TasksPage')) },
  { path: 'instances', element: later(() => import('@/features/operations/InstancesPage')) },
  { path: 'instances/:instance', element: later(() => import('@/features/operations/InstancePage')) },
  { path: 'backfills', element: later(() => import('@/features/operations/BackfillsPage')) },
  { path: 'alerts', element: later(() => import('@/features/alerts/AlertsPage')) },
  { path: 'settings', element: later(() => import('@/features/projects/SettingsPage')) },
];

export const routes: RouteObject[] = [
  { path: '/login', element: later(() => import('@/features/login/LoginPage')) },
  { path: '/set-up', element: later(() => import('@/features/login/SetUpPage')) },
  {
    element: (
      <Session>
        <Shell />
      </Session>
    ),
    errorElement: <Broken />,
    children: [
      { index: true, element: <Home /> },
      { path: '/projects', element: later(() => import('@/features/projects/ProjectsPage')) },
      { path: '/users', element: later(() => import('@/features/administration/UsersPage')) },
      { path: '/resource-groups', element: later(() => import('@/features/administration/GroupsPage')) },
      { path: '/audit', element: later(() => import('@/features/administration/AuditPage')) },
      { path: '/account', element: later(() => import('@/features/administration/AccountPage')) },
      {
        path: '/p/:project',
        errorElement: <Broken />,
        children: ofProject.map(({ element, ...route }) => ({
          ...route,
          element: <InProject>{element}</InProject>,
        })) as RouteObject[],
      },
      { path: '*', element: <NotFound /> },
    ],
  },
];

export const router = createBrowserRouter(routes);
