import { lazy, type ReactNode, Suspense } from 'react';
import { createBrowserRouter, Navigate, Outlet, type RouteObject } from 'react-router';
import { InProject, useLastProject, useProjects } from '@/app/project';
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

/** The project that was open last, or the only one there is. */
function Home() {
  const projects = useProjects();
  const last = useLastProject();
  if (projects.isPending) return <Waiting />;
  const only = projects.data?.length === 1 ? projects.data[0]?.id : undefined;
  const project = last ?? only;
  return <Navigate to={project ? `/p/${project}/dashboard` : '/projects'} replace />;
}

const Feedback = lazy(() => import('@/ui/Feedback'));

function WithFeedback() {
  return (
    <Suspense fallback={<Waiting />}>
      <Feedback>
        <Outlet />
      </Feedback>
    </Suspense>
  );
}

function inProject(routes: RouteObject[]): RouteObject {
  return {
    path: '/p/:project',
    errorElement: <Broken />,
    children: routes.map(({ element, ...route }) => ({
      ...route,
      element: <InProject>{element}</InProject>,
    })) as RouteObject[],
  };
}

// The start page, which loads as little as it can.
const dashboard = { path: 'dashboard', element: later(() => import('@/features/operations/DashboardPage')) };

const ofProject: RouteObject[] = [
  { index: true, element: <Navigate to="migrations" replace /> },
  { path: 'migrations', element: later(() => import('@/features/migrations/MigrationsPage')) },
  { path: 'migrations/:migration', element: later(() => import('@/features/wizard/WizardPage')) },
  { path: 'pipelines', element: later(() => import('@/features/pipelines/PipelinesPage')) },
  { path: 'pipelines/:pipeline', element: later(() => import('@/features/pipelines/PipelinesPage')) },
  { path: 'publish', element: later(() => import('@/features/pipelines/PublishPage')) },
  { path: 'data-sources', element: later(() => import('@/features/data-sources/DataSourcesPage')) },
  { path: 'metadata', element: later(() => import('@/features/metadata/MetadataPage')) },
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
      inProject([dashboard]),
      {
        element: <WithFeedback />,
        children: [
          { path: '/projects', element: later(() => import('@/features/projects/ProjectsPage')) },
          { path: '/users', element: later(() => import('@/features/administration/UsersPage')) },
          { path: '/resource-groups', element: later(() => import('@/features/administration/GroupsPage')) },
          { path: '/audit', element: later(() => import('@/features/administration/AuditPage')) },
          { path: '/account', element: later(() => import('@/features/administration/AccountPage')) },
          { path: '/errors', element: later(() => import('@/features/codes/CodesPage')) },
          { path: '/errors/:code', element: later(() => import('@/features/codes/CodesPage')) },
          inProject(ofProject),
        ],
      },
      { path: '*', element: <NotFound /> },
    ],
  },
];

export const router = createBrowserRouter(routes);
