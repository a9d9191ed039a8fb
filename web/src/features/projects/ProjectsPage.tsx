import { MoreOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Dropdown, Flex, Input, Table, type TableColumnsType, Tag, Tooltip, Typography } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { type Project, useProjects } from '@/app/project';
import { useMay, useMe } from '@/app/session';
import { Empty } from '@/ui/Empty';
import { count, moment } from '@/ui/format';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useRoleTexts } from '@/ui/rights';
import { timeIn } from '@/ui/TimeZoneSelect';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { CreateProject } from './CreateProject';
import { RemoveProject } from './RemoveProject';
import { useTexts } from './texts';

export default function ProjectsPage() {
  const say = useTexts();
  const may = useMay();
  const projects = useProjects();
  const search = useSearch();
  const [creating, setCreating] = useState(false);
  const [leaving, setLeaving] = useState<Project | null>(null);
  const manages = may('manage-system');
  const typed = (search.get('search') ?? '').trim().toLowerCase();
  const found = (projects.data ?? []).filter(({ name, description }) =>
    `${name} ${description}`.toLowerCase().includes(typed),
  );
  const create = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
      {say('create')}
    </Button>
  );
  return (
    <Page title={say('title')} intro={say('intro')} extra={manages && create}>
      {(projects.data?.length ?? 0) > 5 && (
        <Input.Search
          allowClear
          aria-label={say('search')}
          placeholder={say('search')}
          value={search.get('search') ?? ''}
          onChange={(event) => search.set({ search: event.target.value })}
          style={{ width: 280 }}
        />
      )}
      <Problem error={projects.error} />
      {projects.isPending && <Waiting />}
      {projects.data?.length === 0 ? (
        <Empty title={say('empty')} action={manages && create}>
          {say(manages ? 'empty-admin' : 'empty-other')}
        </Empty>
      ) : (
        projects.data && <ProjectTable projects={found} onRemove={manages ? setLeaving : null} />
      )}
      {creating && <CreateProject onClose={() => setCreating(false)} />}
      <RemoveProject project={leaving} onRemoved={() => setLeaving(null)} onClose={() => setLeaving(null)} />
    </Page>
  );
}

function ProjectTable({
  projects,
  onRemove,
}: {
  projects: Project[];
  onRemove: ((project: Project) => void) | null;
}) {
  const say = useTexts();
  const columns: TableColumnsType<Project> = [
    {
      title: say('name'),
      key: 'name',
      render: (_, project) => (
        <Flex vertical>
          <Link to={`/p/${project.id}`} style={{ fontWeight: 600, overflowWrap: 'anywhere' }}>
            {project.name}
          </Link>
          <Typography.Text type="secondary">{project.description}</Typography.Text>
        </Flex>
      ),
      sorter: (a, b) => a.name.localeCompare(b.name),
    },
    {
      title: say('mode'),
      dataIndex: 'mode',
      width: 110,
      render: (mode: Project['mode']) => (
        <Tooltip title={say(`${mode}-explained`)}>
          <Tag>{say(mode)}</Tag>
        </Tooltip>
      ),
    },
    {
      title: say('zone'),
      dataIndex: 'time-zone',
      width: 190,
      render: (zone: string) => (
        <Flex vertical>
          {zone}
          <Typography.Text type="secondary">{say('now', { time: timeIn(zone) })}</Typography.Text>
        </Flex>
      ),
    },
    {
      title: say('members'),
      key: 'members',
      width: 100,
      align: 'right',
      render: (_, { members }) => count(Object.keys(members ?? {}).length),
    },
    {
      title: say('role'),
      key: 'role',
      width: 180,
      render: (_, { id }) => <OwnRole project={id} />,
    },
    {
      title: say('changed'),
      dataIndex: 'changed-at',
      width: 180,
      render: (at: string) => moment(at),
      sorter: (a, b) => a['changed-at'].localeCompare(b['changed-at']),
    },
    {
      key: 'actions',
      fixed: 'end',
      width: 56,
      render: (_, project) => <Actions project={project} onRemove={onRemove} />,
    },
  ];
  return (
    <Table<Project>
      rowKey="id"
      dataSource={projects}
      columns={columns}
      scroll={{ x: 900 }}
      locale={{ emptyText: <Empty title={say('none')} /> }}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
    />
  );
}

function OwnRole({ project }: { project: string }) {
  const say = useTexts();
  const role = useRoleTexts();
  const me = useMe();
  const own = me.user.role ?? me.projects[project]?.role;
  return own ? role(own) : <Typography.Text type="secondary">{say('no-role')}</Typography.Text>;
}

function Actions({ project, onRemove }: { project: Project; onRemove: ((project: Project) => void) | null }) {
  const say = useTexts();
  const navigate = useNavigate();
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          { key: 'open', label: say('open'), onClick: () => navigate(`/p/${project.id}`) },
          { key: 'settings', label: say('settings'), onClick: () => navigate(`/p/${project.id}/settings`) },
          ...(onRemove
            ? [
                { type: 'divider' as const },
                { key: 'remove', danger: true, label: say('remove'), onClick: () => onRemove(project) },
              ]
            : []),
        ],
      }}
    >
      <Button type="text" icon={<MoreOutlined />} aria-label={say('more', { name: project.name })} />
    </Dropdown>
  );
}
