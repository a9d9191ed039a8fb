import { BulbOutlined, GlobalOutlined, UserOutlined } from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Dropdown, Flex, Layout, type MenuProps, Select, theme } from 'antd';
import { useEffect, useState } from 'react';
import { Link, Outlet, useLocation, useNavigate, useParams } from 'react-router';
import { api, call, rememberCsrf } from '@/api/client';
import { useLastProject, useProjects } from '@/app/project';
import { useMe } from '@/app/session';
import { useFocusReturn } from '@/ui/focusReturn';
import { useListNames } from '@/ui/listNames';
import { LANGUAGES, type Language, setLanguage, useLanguage } from '@/ui/texts';
import { type Shade, useShade } from '@/ui/theme';
import { Navigation } from './Navigation';
import { useShellTexts } from './shellTexts';

/** What surrounds every page of who is logged in: the project, the ways to its pages, the person. */
export function Shell() {
  const say = useShellTexts();
  const { token } = theme.useToken();
  const [collapsed, setCollapsed] = useState(false);
  useListNames();
  useFocusOnPage();
  useFocusReturn();
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
          breakpoint="xl"
          collapsedWidth={64}
          collapsed={collapsed}
          onCollapse={setCollapsed}
          theme="light"
          style={{ borderInlineEnd: `1px solid ${token.colorBorderSecondary}`, overflow: 'auto' }}
        >
          <Navigation isNarrow={collapsed} />
        </Layout.Sider>
        <Layout.Content id="content" tabIndex={-1} style={{ overflow: 'auto', outline: 'none' }}>
          <Outlet />
        </Layout.Content>
      </Layout>
    </Layout>
  );
}

/** Where what had the focus went with its page, the keyboard goes on in the next one, not at the top of everything. */
function useFocusOnPage(): void {
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new page asks again
  useEffect(() => {
    const later = setTimeout(() => {
      if (document.activeElement === document.body) {
        document.getElementById('content')?.focus({ preventScroll: true });
      }
    });
    return () => clearTimeout(later);
  }, [pathname]);
}

function TopBar() {
  const say = useShellTexts();
  const navigate = useNavigate();
  const place = useLocation();
  const parameters = useParams();
  // On pages of no project, the one that the navigation leads into.
  const last = useLastProject();
  const project = parameters.project ?? last;
  const projects = useProjects();
  const open = (id: string) => {
    const section = place.pathname.match(/^\/p\/[^/]+\/([^/]+)/)?.[1] ?? 'dashboard';
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
          // An id says nothing to anybody.
          value={projects.data?.some(({ id }) => id === project) ? project : undefined}
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
  const say = useShellTexts();
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
