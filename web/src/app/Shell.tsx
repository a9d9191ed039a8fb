import {
  ApartmentOutlined,
  BulbOutlined,
  ControlOutlined,
  DashboardOutlined,
  DatabaseOutlined,
  FieldTimeOutlined,
  FolderOpenOutlined,
  GlobalOutlined,
  HistoryOutlined,
  NodeIndexOutlined,
  PartitionOutlined,
  ProfileOutlined,
  SettingOutlined,
  SwapOutlined,
  TableOutlined,
  TeamOutlined,
  UserOutlined,
} from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Dropdown, Flex, Layout, Menu, type MenuProps, Select, theme } from 'antd';
import { useState } from 'react';
import { Link, Outlet, useLocation, useNavigate, useParams } from 'react-router';
import { api, call, rememberCsrf } from '@/api/client';
import { lastProject, useProjects } from '@/app/project';
import { useMay, useMe } from '@/app/session';
import { defineTexts, LANGUAGES, type Language, setLanguage, useLanguage } from '@/ui/texts';
import { type Shade, useShade } from '@/ui/theme';

const useTexts = defineTexts(
  'shell',
  {
    skip: 'Skip to content',
    projects: 'Projects',
    project: 'Project',
    develop: 'Develop',
    integration: 'Data Integration',
    migrations: 'Database Migration',
    pipelines: 'Pipelines and scripts',
    publish: 'Publish',
    sources: 'Data sources',
    metadata: 'Metadata Center',
    operate: 'Operation Center',
    dashboard: 'Dashboard',
    tasks: 'Tasks',
    instances: 'Instances',
    backfills: 'Backfills',
    alerts: 'Alerts',
    settings: 'Project settings',
    administration: 'Administration',
    users: 'Users',
    groups: 'Resource groups',
    audit: 'Audit log',
    account: 'Account',
    tokens: 'Sessions and API tokens',
    logOut: 'Log out',
    language: 'Language',
    shade: 'Appearance',
    light: 'Light',
    dark: 'Dark',
    system: 'As the system',
    navigation: 'Main navigation',
  },
  {
    skip: '跳到内容',
    projects: '项目',
    project: '项目',
    develop: '研发',
    integration: '数据集成',
    migrations: '整库迁移',
    pipelines: '管道与脚本',
    publish: '发布',
    sources: '数据源',
    metadata: '元数据中心',
    operate: '运维中心',
    dashboard: '总览',
    tasks: '任务',
    instances: '实例',
    backfills: '补数据',
    alerts: '告警',
    settings: '项目设置',
    administration: '管理',
    users: '用户',
    groups: '资源组',
    audit: '审计日志',
    account: '账户',
    tokens: '会话与 API 令牌',
    logOut: '退出登录',
    language: '语言',
    shade: '外观',
    light: '浅色',
    dark: '深色',
    system: '跟随系统',
    navigation: '主导航',
  },
);

/** What surrounds every page of who is logged in: the project, the ways to its pages, the person. */
export function Shell() {
  const say = useTexts();
  const { token } = theme.useToken();
  const [collapsed, setCollapsed] = useState(false);
  return (
    <Layout style={{ height: '100vh' }}>
      <a href="#content" className="skip">
        {say('skip')}
      </a>
      <Layout.Header
        style={{
          padding: '0 16px',
          height: 48,
          lineHeight: '48px',
          background: token.colorBgContainer,
          borderBottom: `1px solid ${token.colorBorderSecondary}`,
        }}
      >
        <TopBar />
      </Layout.Header>
      <Layout style={{ minHeight: 0 }}>
        <Layout.Sider
          width={216}
          collapsible
          breakpoint="lg"
          collapsed={collapsed}
          onCollapse={setCollapsed}
          theme="light"
          style={{ borderInlineEnd: `1px solid ${token.colorBorderSecondary}`, overflow: 'auto' }}
        >
          <Navigation />
        </Layout.Sider>
        <Layout.Content id="content" tabIndex={-1} style={{ overflow: 'auto', outline: 'none' }}>
          <Outlet />
        </Layout.Content>
      </Layout>
    </Layout>
  );
}

function TopBar() {
  const say = useTexts();
  const navigate = useNavigate();
  const place = useLocation();
  const { project } = useParams();
  const projects = useProjects();
  const open = (id: string) => {
    const section = place.pathname.match(/^\/p\/[^/]+\/([^/]+)/)?.[1] ?? 'migrations';
    navigate(`/p/${id}/${section}`);
  };
  return (
    <Flex align="center" gap={16} justify="space-between" style={{ height: '100%' }}>
      <Flex align="center" gap={16} style={{ minWidth: 0 }}>
        <Link to="/" aria-label="Godwit" style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
          <img src="/godwit.svg" alt="" width={26} height={26} />
          <strong style={{ fontSize: 16 }}>Godwit</strong>
        </Link>
        <Select
          aria-label={say('project')}
          placeholder={say('project')}
          value={project}
          onChange={open}
          showSearch={{ optionFilterProp: 'label' }}
          style={{ width: 240 }}
          loading={projects.isPending}
          options={projects.data?.map(({ id, name }) => ({ value: id, label: name }))}
        />
      </Flex>
      <Person />
    </Flex>
  );
}

function Person() {
  const say = useTexts();
  const me = useMe();
  const client = useQueryClient();
  const { shade, setShade } = useShade();
  const language = useLanguage();
  const navigate = useNavigate();
  const logOut = async () => {
    await call(api.DELETE('/session'));
    rememberCsrf(null);
    client.clear();
    navigate('/login');
  };
  const shades: MenuProps['items'] = (['light', 'dark', 'system'] as const).map((key) => ({
    key,
    label: say(key),
  }));
  const languages: MenuProps['items'] = Object.entries(LANGUAGES).map(([key, label]) => ({ key, label }));
  const account: MenuProps['items'] = [
    { key: 'tokens', label: <Link to="/account">{say('tokens')}</Link> },
    { type: 'divider' },
    { key: 'out', label: say('logOut'), onClick: () => void logOut() },
  ];
  return (
    <Flex align="center" gap={4}>
      <Dropdown
        trigger={['click']}
        menu={{
          items: languages,
          selectedKeys: [language],
          onClick: ({ key }) => setLanguage(key as Language),
        }}
      >
        <Button type="text" icon={<GlobalOutlined />} aria-label={say('language')} />
      </Dropdown>
      <Dropdown
        trigger={['click']}
        menu={{ items: shades, selectedKeys: [shade], onClick: ({ key }) => setShade(key as Shade) }}
      >
        <Button type="text" icon={<BulbOutlined />} aria-label={say('shade')} />
      </Dropdown>
      <Dropdown trigger={['click']} menu={{ items: account }}>
        <Button type="text" icon={<UserOutlined />} title={say('account')}>
          {me.user['display-name'] || me.user.name}
        </Button>
      </Dropdown>
    </Flex>
  );
}

function Navigation() {
  const say = useTexts();
  const place = useLocation();
  const may = useMay();
  const parameters = useParams();
  const project = parameters.project ?? lastProject();
  const at = (path: string) => `/p/${project}/${path}`;
  const link = (to: string, label: string, icon: React.ReactNode) => ({
    key: to,
    icon,
    label: <Link to={to}>{label}</Link>,
  });
  const ofProject: MenuProps['items'] = project
    ? [
        {
          type: 'group',
          label: `${say('develop')} · ${say('integration')}`,
          key: 'develop',
          children: [
            link(at('migrations'), say('migrations'), <SwapOutlined />),
            link(at('pipelines'), say('pipelines'), <FolderOpenOutlined />),
            link(at('publish'), say('publish'), <PartitionOutlined />),
            link(at('data-sources'), say('sources'), <DatabaseOutlined />),
            link(at('metadata'), say('metadata'), <TableOutlined />),
          ],
        },
        {
          type: 'group',
          label: say('operate'),
          key: 'operate',
          children: [
            link(at('dashboard'), say('dashboard'), <DashboardOutlined />),
            link(at('tasks'), say('tasks'), <ProfileOutlined />),
            link(at('instances'), say('instances'), <FieldTimeOutlined />),
            link(at('backfills'), say('backfills'), <HistoryOutlined />),
            link(at('alerts'), say('alerts'), <NodeIndexOutlined />),
            link(at('settings'), say('settings'), <SettingOutlined />),
          ],
        },
      ]
    : [];
  const ofAll: MenuProps['items'] = [
    link('/projects', say('projects'), <ApartmentOutlined />),
    ...(may('manage-users') ? [link('/users', say('users'), <TeamOutlined />)] : []),
    link('/resource-groups', say('groups'), <ControlOutlined />),
    ...(may('read-audit') ? [link('/audit', say('audit'), <HistoryOutlined />)] : []),
  ];
  const items = [
    ...ofProject,
    { type: 'group' as const, label: say('administration'), key: 'administration', children: ofAll },
  ];
  const parts = place.pathname.split('/');
  const here = parts[1] === 'p' ? parts.slice(0, 4).join('/') : `/${parts[1] ?? ''}`;
  return (
    <nav aria-label={say('navigation')}>
      <Menu mode="inline" items={items} selectedKeys={[here]} style={{ borderInlineEnd: 0 }} />
    </nav>
  );
}
