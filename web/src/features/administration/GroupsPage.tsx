import { DeleteOutlined, EditOutlined, PlusOutlined } from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { App, Badge, Button, Flex, Table, type TableColumnsType, Typography } from 'antd';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { api, call, ifMatch } from '@/api/client';
import { useProjects } from '@/app/project';
import { useMay } from '@/app/session';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { Empty } from '@/ui/Empty';
import { bytes } from '@/ui/format';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { GroupForm } from './GroupForm';
import { cores, type Group, useGroups } from './groups';
import { useTexts } from './groupTexts';

type Dialog = { kind: 'create' } | { kind: 'edit' | 'remove'; group: Group };

export default function GroupsPage() {
  const say = useTexts();
  const groups = useGroups();
  const manages = useMay()('manage-system');
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const create = manages && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setDialog({ kind: 'create' })}>
      {say('create')}
    </Button>
  );
  return (
    <Page title={say('title')} intro={say('intro')} extra={create}>
      <Problem error={groups.error} />
      {groups.isPending && <Waiting />}
      {groups.data?.length === 0 ? (
        <Empty title={say('empty')} action={create}>
          {say(manages ? 'empty-admin' : 'empty-other')}
        </Empty>
      ) : (
        groups.data && <GroupTable groups={groups.data} onDialog={manages ? setDialog : undefined} />
      )}
      {dialog?.kind === 'create' && <GroupForm onClose={close} />}
      {dialog?.kind === 'edit' && <GroupForm group={dialog.group} onClose={close} />}
      <RemoveGroup group={dialog?.kind === 'remove' ? dialog.group : null} onClose={close} />
    </Page>
  );
}

/** Which projects have a group as their default, by the group's id. */
function useDefaults(): Map<string, { id: string; label: string }[]> {
  const say = useTexts();
  const projects = useProjects();
  return useMemo(() => {
    const found = new Map<string, { id: string; label: string }[]>();
    const add = (group: string | null | undefined, id: string, label: string) => {
      if (group) found.set(group, [...(found.get(group) ?? []), { id, label }]);
    };
    for (const project of projects.data ?? []) {
      add(project['default-group'], project.id, project.name);
      add(project['development-group'], project.id, say('default-in-development', { project: project.name }));
    }
    return found;
  }, [projects.data, say]);
}

function GroupTable({ groups, onDialog }: { groups: Group[]; onDialog?: (dialog: Dialog) => void }) {
  const say = useTexts();
  const projects = useProjects();
  const defaults = useDefaults();
  const names = new Map(projects.data?.map(({ id, name }) => [id, name]));
  const settings = (id: string, label: string) => (
    <Link key={`${id} ${label}`} to={`/p/${id}/settings?tab=groups`}>
      {label}
    </Link>
  );
  const columns: TableColumnsType<Group> = [
    {
      title: say('name'),
      key: 'name',
      render: (_, group) => (
        <Flex vertical>
          <Typography.Text strong style={{ overflowWrap: 'anywhere' }}>
            {group.name}
          </Typography.Text>
          <Typography.Text type="secondary">{group.description}</Typography.Text>
        </Flex>
      ),
    },
    {
      title: say('cpu'),
      dataIndex: 'cpu-millis',
      align: 'right',
      width: 110,
      render: (millis: number) => `${cores(millis)} ${say('cpu-unit')}`,
    },
    {
      title: say('memory'),
      dataIndex: 'memory-mb',
      align: 'right',
      width: 110,
      render: (mb: number) => bytes(mb * 1024 * 1024),
    },
    {
      title: say('daily'),
      dataIndex: 'daily-scheduling',
      width: 190,
      render: (daily: boolean) => (
        <Badge status={daily ? 'success' : 'default'} text={say(daily ? 'yes' : 'no')} />
      ),
    },
    {
      title: say('projects'),
      dataIndex: 'projects',
      render: (bound: string[] | undefined) =>
        bound && bound.length > 0 ? (
          <Flex wrap gap="4px 12px">
            {bound.map((id) => settings(id, names.get(id) ?? id))}
          </Flex>
        ) : (
          <Typography.Text type="secondary">{say('no-projects')}</Typography.Text>
        ),
    },
    {
      title: say('default-of'),
      key: 'defaults',
      render: (_, { id }) => (
        <Flex wrap gap="4px 12px">
          {defaults.get(id)?.map((project) => settings(project.id, project.label))}
        </Flex>
      ),
    },
    ...(onDialog
      ? [
          {
            key: 'actions',
            fixed: 'end' as const,
            width: 96,
            render: (_: unknown, group: Group) => <Actions group={group} onDialog={onDialog} />,
          },
        ]
      : []),
  ];
  return (
    <Table<Group>
      rowKey="id"
      dataSource={groups}
      columns={columns}
      scroll={{ x: 960 }}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
    />
  );
}

function Actions({ group, onDialog }: { group: Group; onDialog: (dialog: Dialog) => void }) {
  const say = useTexts();
  return (
    <Flex gap={4}>
      <Button
        type="text"
        icon={<EditOutlined />}
        aria-label={say('edit-one', { name: group.name })}
        onClick={() => onDialog({ kind: 'edit', group })}
      />
      <Button
        type="text"
        danger
        icon={<DeleteOutlined />}
        aria-label={say('remove-one', { name: group.name })}
        onClick={() => onDialog({ kind: 'remove', group })}
      />
    </Flex>
  );
}

function RemoveGroup({ group, onClose }: { group: Group | null; onClose: () => void }) {
  const say = useTexts();
  const client = useQueryClient();
  const { message } = App.useApp();
  const name = group?.name ?? '';
  const remove = async () => {
    if (group === null) return;
    await call(
      api.DELETE('/resource-groups/{group}', {
        params: { path: { group: group.id }, header: ifMatch(group.edition) },
      }),
    );
    await client.invalidateQueries({ queryKey: ['resource-groups'] });
    message.success(say('removed', { name }));
    onClose();
  };
  return (
    <ConfirmTyped
      open={group !== null}
      title={say('remove-title', { name })}
      consequence={say('remove-consequence')}
      word={name}
      action={say('remove')}
      onConfirm={remove}
      onCancel={onClose}
    />
  );
}
