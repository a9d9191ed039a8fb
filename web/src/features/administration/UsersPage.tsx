import { MoreOutlined, PlusOutlined } from '@ant-design/icons';
import {
  App,
  Badge,
  Button,
  Dropdown,
  Flex,
  Input,
  type MenuProps,
  Segmented,
  Table,
  Tag,
  Typography,
} from 'antd';
import { useState } from 'react';
import { useMay, useMe } from '@/app/session';
import { Empty } from '@/ui/Empty';
import { moment } from '@/ui/format';
import { NoRight } from '@/ui/NoRight';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { called } from '@/ui/people';
import { useRoleTexts } from '@/ui/rights';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { CreateUser, EditUser, RemoveUser, SetPassword } from './users/dialogs';
import { type User, useEditUser, useUsers } from './users/editing';
import { useTexts } from './users/texts';

const SHOWN = ['all', 'active', 'disabled'] as const;

type Dialog = { kind: 'create' } | { kind: 'edit' | 'password' | 'remove'; user: User };

export default function UsersPage() {
  const say = useTexts();
  const may = useMay();
  if (may('manage-users')) return <Users />;
  return (
    <Page title={say('title')}>
      <NoRight />
    </Page>
  );
}

function Users() {
  const say = useTexts();
  const users = useUsers();
  const search = useSearch();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const typed = (search.get('search') ?? '').trim().toLowerCase();
  const shown = SHOWN.find((one) => one === search.get('show')) ?? 'all';
  const found = (users.data ?? []).filter(
    (user) =>
      `${user.name} ${user['display-name']} ${user.email}`.toLowerCase().includes(typed) &&
      (shown === 'all' || user.disabled === (shown === 'disabled')),
  );
  return (
    <Page
      title={say('title')}
      intro={say('intro')}
      extra={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setDialog({ kind: 'create' })}>
          {say('create')}
        </Button>
      }
    >
      <Flex gap={12} wrap>
        <Input.Search
          allowClear
          aria-label={say('search')}
          placeholder={say('search')}
          value={search.get('search') ?? ''}
          onChange={(event) => search.set({ search: event.target.value })}
          style={{ width: 280 }}
        />
        <Segmented
          aria-label={say('show')}
          value={shown}
          onChange={(show) => search.set({ show: show === 'all' ? null : show })}
          options={SHOWN.map((one) => ({ value: one, label: say(`show-${one}`) }))}
        />
      </Flex>
      <Problem error={users.error} />
      {users.isPending && <Waiting />}
      {users.data && <UserTable users={found} onDialog={setDialog} />}
      {dialog?.kind === 'create' && <CreateUser onClose={close} />}
      {dialog?.kind === 'edit' && <EditUser user={dialog.user} onClose={close} />}
      {dialog?.kind === 'password' && <SetPassword user={dialog.user} onClose={close} />}
      <RemoveUser user={dialog?.kind === 'remove' ? dialog.user : null} onClose={close} />
    </Page>
  );
}

function UserTable({ users, onDialog }: { users: User[]; onDialog: (dialog: Dialog) => void }) {
  const say = useTexts();
  const role = useRoleTexts();
  const me = useMe();
  return (
    <Table<User>
      rowKey="id"
      size="middle"
      dataSource={users}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 960 }}
      locale={{ emptyText: <Empty title={say('none-found')} /> }}
      columns={[
        {
          title: say('user'),
          key: 'name',
          sorter: (a, b) => called(a).localeCompare(called(b)),
          render: (_, user) => (
            <Flex vertical align="start">
              <Flex gap={8}>
                <Button
                  type="link"
                  style={{
                    padding: 0,
                    border: 0,
                    height: 'auto',
                    fontWeight: 600,
                    textAlign: 'start',
                    whiteSpace: 'normal',
                    overflowWrap: 'anywhere',
                  }}
                  onClick={() => onDialog({ kind: 'edit', user })}
                >
                  {called(user)}
                </Button>
                {user.id === me.user.id && <Tag>{say('you')}</Tag>}
              </Flex>
              {called(user) !== user.name && <Typography.Text type="secondary">{user.name}</Typography.Text>}
            </Flex>
          ),
        },
        { title: say('email'), dataIndex: 'email', ellipsis: true },
        {
          title: say('role'),
          dataIndex: 'role',
          width: 200,
          render: (own: User['role']) =>
            own ? <Tag>{role(own)}</Tag> : <Typography.Text type="secondary">{say('none')}</Typography.Text>,
        },
        {
          title: say('state'),
          dataIndex: 'disabled',
          width: 110,
          render: (disabled: boolean) => (
            <Badge status={disabled ? 'default' : 'success'} text={say(disabled ? 'disabled' : 'active')} />
          ),
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
          render: (_, user) => <Actions user={user} onDialog={onDialog} />,
        },
      ]}
    />
  );
}

function Actions({ user, onDialog }: { user: User; onDialog: (dialog: Dialog) => void }) {
  const say = useTexts();
  const me = useMe();
  const edit = useEditUser();
  const { message, modal } = App.useApp();
  const name = called(user);
  const enable = async (enabled: boolean) => {
    try {
      await edit(user, { disabled: !enabled });
      message.success(say(enabled ? 'now-enabled' : 'now-disabled', { name }));
    } catch (error) {
      modal.error({ title: say(enabled ? 'enable' : 'disable'), content: <Problem error={error} /> });
    }
  };
  const disable = () =>
    modal.confirm({
      title: say('disable-title', { name }),
      content: say('disable-help'),
      okText: say('disable'),
      okButtonProps: { danger: true },
      onOk: () => enable(false),
    });
  const isSelf = user.id === me.user.id;
  const items: MenuProps['items'] = [
    { key: 'edit', label: say('edit'), onClick: () => onDialog({ kind: 'edit', user }) },
    ...(isSelf
      ? []
      : [
          {
            key: 'password',
            label: say('set-password'),
            onClick: () => onDialog({ kind: 'password', user }),
          },
          user.disabled
            ? { key: 'enable', label: say('enable'), onClick: () => void enable(true) }
            : { key: 'disable', label: say('disable'), onClick: disable },
          { type: 'divider' as const },
          {
            key: 'remove',
            danger: true,
            label: say('remove'),
            onClick: () => onDialog({ kind: 'remove', user }),
          },
        ]),
  ];
  return (
    <Dropdown trigger={['click']} menu={{ items }}>
      <Button type="text" icon={<MoreOutlined />} aria-label={say('more', { name })} />
    </Dropdown>
  );
}
