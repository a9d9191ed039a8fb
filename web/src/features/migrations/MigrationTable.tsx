import { ArrowRightOutlined, MoreOutlined } from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Dropdown, Flex, type MenuProps, Table, type TableColumnsType, Typography } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { api, call, ifMatch, type Schemas } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { downloaded } from '@/features/wizard/files';
import { kindOf } from '@/features/wizard/method';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { count, moment } from '@/ui/format';
import { HueTag } from '@/ui/HueTag';
import { Problem } from '@/ui/Problem';
import { useNames } from '@/ui/people';
import { STATE_HUES } from '@/ui/StateTag';
import { documentOf, type Migration } from './data';
import { NameDialog } from './NameDialog';
import { useTexts } from './texts';

type Generations = ReadonlyMap<string, Schemas['Operation']> | undefined;

export function MigrationTable({
  migrations,
  isLoading,
  generations,
}: {
  migrations: Migration[];
  isLoading: boolean;
  generations: Generations;
}) {
  const say = useTexts();
  const project = useProject();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [copied, setCopied] = useState<Migration | null>(null);
  const [removed, setRemoved] = useState<Migration | null>(null);
  const [error, setError] = useState<unknown>(null);
  const forget = () => void client.invalidateQueries({ queryKey: ['migrations', project.id] });
  const exportAs = async (migration: Migration, format: Schemas['Format']) => {
    const path = { project: project.id, migration: migration.id };
    const { text } = await call(
      api.GET('/projects/{project}/migrations/{migration}/export', { params: { path, query: { format } } }),
    );
    downloaded(`${migration.name}.${format}`, text);
  };
  const columns = useColumns(generations, {
    copy: setCopied,
    remove: setRemoved,
    export: (migration, format) => {
      setError(null);
      exportAs(migration, format).catch(setError);
    },
  });
  return (
    <>
      <Problem error={error} />
      <Table<Migration>
        size="middle"
        rowKey="id"
        loading={isLoading}
        columns={columns}
        dataSource={migrations}
        pagination={migrations.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
        locale={{ emptyText: say('noMatch') }}
        scroll={{ x: 'max-content' }}
      />
      {copied && (
        <NameDialog
          title={say('copyTitle', { name: copied.name })}
          action={say('copy')}
          initial={say('copyName', { name: copied.name })}
          onSubmit={async (name) => {
            const made = await call(
              api.POST('/projects/{project}/migrations/{migration}/copy', {
                params: { path: { project: project.id, migration: copied.id } },
                body: { name },
              }),
            );
            forget();
            navigate(`/p/${project.id}/migrations/${made.id}`);
          }}
          onClose={() => setCopied(null)}
        />
      )}
      <ConfirmTyped
        open={removed !== null}
        title={say('removeTitle')}
        consequence={say('removeConsequence')}
        word={removed?.name ?? ''}
        action={say('remove')}
        onCancel={() => setRemoved(null)}
        onConfirm={async () => {
          if (removed === null) return;
          await call(
            api.DELETE('/projects/{project}/migrations/{migration}', {
              params: {
                path: { project: project.id, migration: removed.id },
                header: ifMatch(removed.edition),
              },
            }),
          );
          forget();
          setRemoved(null);
        }}
      />
    </>
  );
}

interface Actions {
  copy: (migration: Migration) => void;
  remove: (migration: Migration) => void;
  export: (migration: Migration, format: Schemas['Format']) => void;
}

function useColumns(generations: Generations, actions: Actions): TableColumnsType<Migration> {
  const say = useTexts();
  const project = useProject();
  const names = useNames();
  const mayEdit = useMayHere()('edit-migrations');
  const menuOf = (migration: Migration): MenuProps => ({
    items: [
      ...(mayEdit ? [{ key: 'copy', label: say('copy') }] : []),
      { key: 'yaml', label: say('exportYaml') },
      { key: 'json', label: say('exportJson') },
      ...(mayEdit
        ? [{ type: 'divider' as const }, { key: 'remove', label: say('remove'), danger: true }]
        : []),
    ],
    onClick: ({ key }) => {
      if (key === 'copy') actions.copy(migration);
      else if (key === 'remove') actions.remove(migration);
      else actions.export(migration, key === 'json' ? 'json' : 'yaml');
    },
  });
  return [
    {
      title: say('name'),
      dataIndex: 'name',
      sorter: (one, other) => one.name.localeCompare(other.name),
      render: (name: string, { id }) => (
        <Link to={`/p/${project.id}/migrations/${id}`} style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Link>
      ),
    },
    { title: say('route'), key: 'route', render: (_, migration) => <Route migration={migration} /> },
    {
      title: say('tables'),
      key: 'tables',
      align: 'right',
      render: (_, migration) => <Tables migration={migration} />,
    },
    {
      title: say('method'),
      key: 'method',
      render: (_, migration) => say(kindOf(documentOf(migration))),
    },
    {
      title: say('generation'),
      key: 'generation',
      render: (_, { id }) => <Generation operation={generations?.get(id)} />,
    },
    {
      title: say('changed'),
      dataIndex: 'changed-at',
      sorter: (one, other) => one['changed-at'].localeCompare(other['changed-at']),
      render: (at: string, migration) => {
        const who = names[migration['changed-by']];
        return (
          <>
            {moment(at, project['time-zone'])}
            {who && <Typography.Text type="secondary"> · {who}</Typography.Text>}
          </>
        );
      },
    },
    {
      title: '',
      onHeaderCell: () => ({ 'aria-label': say('actions') }),
      key: 'actions',
      fixed: 'end',
      width: 56,
      render: (_, migration) => (
        <Dropdown trigger={['click']} menu={menuOf(migration)}>
          <Button type="text" icon={<MoreOutlined />} aria-label={say('more', { name: migration.name })} />
        </Dropdown>
      ),
    },
  ];
}

function Route({ migration }: { migration: Migration }) {
  const say = useTexts();
  const { source, destination } = documentOf(migration);
  const end = (name: string | undefined, none: string) =>
    name === undefined ? <Typography.Text type="secondary">{none}</Typography.Text> : <bdi>{name}</bdi>;
  return (
    <Flex gap={6} align="baseline">
      {end(source?.['data-source'], say('noSource'))}
      <ArrowRightOutlined aria-hidden style={{ fontSize: 11 }} />
      {end(destination?.['data-source'], say('noTarget'))}
    </Flex>
  );
}

function Tables({ migration }: { migration: Migration }) {
  const say = useTexts();
  const { tables } = documentOf(migration);
  if (tables?.listed != null) return count(tables.listed.length);
  if (tables?.all === true) return say('tablesAll');
  if (tables?.matching != null) return say('tablesPattern');
  return <Typography.Text type="secondary">{say('tablesNone')}</Typography.Text>;
}

function Generation({ operation }: { operation: Schemas['Operation'] | undefined }) {
  const say = useTexts();
  const project = useProject();
  if (operation === undefined) return <Typography.Text type="secondary">{say('never')}</Typography.Text>;
  return (
    <Flex gap={8} align="center">
      <HueTag hue={STATE_HUES[operation.state]} text={say(operation.state)} />
      <Typography.Text type="secondary">
        {moment(operation['started-at'], project['time-zone'])}
      </Typography.Text>
    </Flex>
  );
}
