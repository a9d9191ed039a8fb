import { PlusOutlined } from '@ant-design/icons';
import { App, Button, Flex, Popconfirm, Select, Table, Tag, Typography } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useMayHere, useProject } from '@/app/project';
import { useMay, useMe } from '@/app/session';
import { Empty } from '@/ui/Empty';
import { Problem } from '@/ui/Problem';
import { useNames } from '@/ui/people';
import { PROJECT_ROLES, type Role, useRoleTexts } from '@/ui/rights';
import { useEditProject } from '../editing';
import { AddMember } from './AddMember';
import { RoleMatrix } from './RoleMatrix';
import { useTexts } from './texts';

interface Member {
  id: string;
  name: string;
  role: Role;
}

/** Who has which role in the project, and what that lets them do. */
export function Members() {
  const say = useTexts();
  const project = useProject();
  const may = useMayHere();
  const names = useNames();
  const edit = useEditProject();
  const [adding, setAdding] = useState(false);
  const members = Object.entries(project.members ?? {}).map(([id, role]) => ({
    id,
    role,
    name: names[id] ?? say('unknown', { id: id.slice(-6) }),
  }));
  members.sort((a, b) => a.name.localeCompare(b.name));
  const editable = may('manage-project');
  const add = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
      {say('add')}
    </Button>
  );
  return (
    <Flex vertical gap={16} style={{ maxWidth: 960 }}>
      {editable && members.length > 0 && <div>{add}</div>}
      <Problem error={edit.error} closable={{ onClose: () => edit.reset() }} />
      {members.length === 0 ? (
        <Empty title={say('members-empty')} action={editable && add}>
          {say('members-hint')}
        </Empty>
      ) : (
        <MemberTable members={members} editable={editable} edit={edit} />
      )}
      <RoleMatrix />
      {adding && <AddMember onClose={() => setAdding(false)} />}
    </Flex>
  );
}

function MemberTable({
  members,
  editable,
  edit,
}: {
  members: Member[];
  editable: boolean;
  edit: ReturnType<typeof useEditProject>;
}) {
  const say = useTexts();
  const role = useRoleTexts();
  const me = useMe();
  const project = useProject();
  const navigate = useNavigate();
  const seesAll = useMay()('view-project');
  const { message } = App.useApp();
  const setRole = async ({ id, name }: Member, next: Role) => {
    const changes = { members: { ...project.members, [id]: next } };
    await edit.mutateAsync({ base: project, changes });
    message.success(say('role-set', { name, role: role(next) }));
  };
  const remove = async ({ id, name }: Member) => {
    const { [id]: _, ...members } = project.members ?? {};
    await edit.mutateAsync({ base: project, changes: { members } });
    message.success(say('removed', { name }));
    if (id === me.user.id && !seesAll) navigate('/projects');
  };
  return (
    <Table<Member>
      rowKey="id"
      size="small"
      dataSource={members}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      columns={[
        {
          title: say('person'),
          key: 'name',
          render: (_, { id, name }) => (
            <Flex gap={8} align="center">
              <span style={{ overflowWrap: 'anywhere' }}>{name}</span>
              {id === me.user.id && <Tag>{say('you')}</Tag>}
            </Flex>
          ),
        },
        {
          title: say('role'),
          key: 'role',
          width: 230,
          render: (_, member) =>
            editable ? (
              <Select<Role>
                aria-label={say('role-of', { name: member.name })}
                value={member.role}
                style={{ width: 200 }}
                disabled={edit.isPending}
                options={PROJECT_ROLES.map((one) => ({ value: one, label: role(one) }))}
                onChange={(next) => void setRole(member, next).catch(() => {})}
              />
            ) : (
              role(member.role)
            ),
        },
        {
          title: say('may'),
          key: 'may',
          render: (_, { role: one }) => (
            <Typography.Text type="secondary">{role(`${one}-does`)}</Typography.Text>
          ),
        },
        ...(editable
          ? [
              {
                key: 'actions',
                width: 100,
                render: (_: unknown, member: Member) => (
                  <Popconfirm
                    title={say('remove-title', { name: member.name })}
                    description={say(member.id === me.user.id && !seesAll ? 'remove-self' : 'remove-other', {
                      name: member.name,
                    })}
                    okText={say('remove-member')}
                    okButtonProps={{ danger: true }}
                    onConfirm={() => void remove(member).catch(() => {})}
                  >
                    <Button type="text" size="small" disabled={edit.isPending}>
                      {say('remove-member')}
                    </Button>
                  </Popconfirm>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}
