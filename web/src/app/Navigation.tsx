import {
  ApartmentOutlined,
  AuditOutlined,
  BellOutlined,
  CloudUploadOutlined,
  ControlOutlined,
  DashboardOutlined,
  DatabaseOutlined,
  FieldTimeOutlined,
  FolderOpenOutlined,
  HistoryOutlined,
  ProfileOutlined,
  SettingOutlined,
  SwapOutlined,
  TableOutlined,
  TeamOutlined,
} from '@ant-design/icons';
import { Menu, type MenuProps } from 'antd';
import type { ReactNode } from 'react';
import { Link, useLocation, useParams } from 'react-router';
import { useLastProject } from '@/app/project';
import { useMay } from '@/app/session';
import { useShellTexts } from './shellTexts';

/** The ways to the pages of the project, and to those of all projects. */
export function Navigation({ isNarrow }: { isNarrow: boolean }) {
  const say = useShellTexts();
  const place = useLocation();
  const may = useMay();
  const parameters = useParams();
  const last = useLastProject();
  const project = parameters.project ?? last;
  const at = (path: string) => `/p/${project}/${path}`;
  const link = (to: string, label: string, icon: ReactNode) => ({
    key: to,
    icon,
    label: <Link to={to}>{label}</Link>,
  });
  // Where there is no room for words, a line parts the groups.
  const group = (key: string, label: string) => ({
    type: 'group' as const,
    key,
    label: isNarrow ? <hr aria-label={label} style={{ margin: '4px 0', opacity: 0.25 }} /> : label,
  });
  const ofProject: MenuProps['items'] = project
    ? [
        {
          ...group('develop', `${say('develop')} · ${say('integration')}`),
          children: [
            link(at('migrations'), say('migrations'), <SwapOutlined />),
            link(at('pipelines'), say('pipelines'), <FolderOpenOutlined />),
            link(at('publish'), say('publish'), <CloudUploadOutlined />),
            link(at('data-sources'), say('sources'), <DatabaseOutlined />),
            link(at('metadata'), say('metadata'), <TableOutlined />),
          ],
        },
        {
          ...group('operate', say('operate')),
          children: [
            link(at('dashboard'), say('dashboard'), <DashboardOutlined />),
            link(at('tasks'), say('tasks'), <ProfileOutlined />),
            link(at('instances'), say('instances'), <FieldTimeOutlined />),
            link(at('backfills'), say('backfills'), <HistoryOutlined />),
            link(at('alerts'), say('alerts'), <BellOutlined />),
            link(at('settings'), say('settings'), <SettingOutlined />),
          ],
        },
      ]
    : [];
  const ofAll: MenuProps['items'] = [
    link('/projects', say('projects'), <ApartmentOutlined />),
    ...(may('manage-users') ? [link('/users', say('users'), <TeamOutlined />)] : []),
    link('/resource-groups', say('groups'), <ControlOutlined />),
    ...(may('read-audit') ? [link('/audit', say('audit'), <AuditOutlined />)] : []),
  ];
  const items = [...ofProject, { ...group('administration', say('administration')), children: ofAll }];
  const parts = place.pathname.split('/');
  const here = parts[1] === 'p' ? parts.slice(0, 4).join('/') : `/${parts[1] ?? ''}`;
  return (
    <nav aria-label={say('navigation')}>
      <Menu mode="inline" items={items} selectedKeys={[here]} style={{ borderInlineEnd: 0 }} />
    </nav>
  );
}
