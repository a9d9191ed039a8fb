import { CheckCircleFilled, CloseCircleFilled, MoreOutlined } from '@ant-design/icons';
import {
  Button,
  Dropdown,
  Flex,
  type MenuProps,
  Popover,
  Table,
  type TableProps,
  Tag,
  Typography,
  theme,
} from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { type Environment, useMayHere, useProject } from '@/app/project';
import { useConnector } from '@/forms/connectors';
import { moment } from '@/ui/format';
import { type DataSource, placeOf, useChanges, useUses } from './data';
import { UseList } from './dialogs';
import { TestResult, type Trial } from './TestResult';
import { useTexts } from './texts';

interface Doing {
  onOpen: (source: DataSource) => void;
  onClone: (source: DataSource) => void;
  onRemove: (source: DataSource) => void;
}

/** Data sources, a line each. */
export function SourceTable({
  sources,
  titles,
  ...doing
}: { sources: readonly DataSource[]; titles: ReadonlyMap<string, string> } & Doing) {
  const say = useTexts();
  const project = useProject();
  const columns: TableProps<DataSource>['columns'] = [
    {
      title: say('name'),
      key: 'name',
      render: (_, one) => <Name source={one} onOpen={doing.onOpen} />,
      sorter: (one, other) => one.name.localeCompare(other.name),
    },
    {
      title: say('type'),
      key: 'type',
      width: 160,
      render: (_, one) => titles.get(one.type) ?? one.type,
      sorter: (one, other) => one.type.localeCompare(other.type),
    },
    {
      title: say('place'),
      key: 'place',
      width: 240,
      render: (_, one) => (
        <Typography.Text style={{ overflowWrap: 'anywhere' }}>{placeOf(one)}</Typography.Text>
      ),
    },
    { title: say('usedBy'), key: 'uses', width: 95, render: (_, one) => <Uses source={one} /> },
    {
      title: say('changed'),
      key: 'changed',
      width: 165,
      render: (_, one) => moment(one['changed-at'], project['time-zone']),
      sorter: (one, other) => one['changed-at'].localeCompare(other['changed-at']),
    },
    {
      title: say('actions'),
      key: 'actions',
      fixed: 'end',
      width: 195,
      render: (_, one) => <Actions source={one} {...doing} />,
    },
  ];
  return (
    <Table<DataSource>
      rowKey="id"
      size="middle"
      columns={columns}
      dataSource={[...sources]}
      scroll={{ x: 1010 }}
      pagination={{ defaultPageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
    />
  );
}

function Name({ source, onOpen }: { source: DataSource; onOpen: Doing['onOpen'] }) {
  return (
    <Flex vertical gap={2} align="start">
      <Button
        type="link"
        style={{ padding: 0, height: 'auto', whiteSpace: 'normal', textAlign: 'start' }}
        onClick={() => onOpen(source)}
      >
        {source.name}
      </Button>
      {source.description && (
        <Typography.Text type="secondary" style={{ fontSize: 13 }}>
          {source.description}
        </Typography.Text>
      )}
      {source.tags && source.tags.length > 0 && (
        <Flex gap={4} wrap>
          {source.tags.map((tag) => (
            <Tag key={tag} style={{ marginInlineEnd: 0 }}>
              {tag}
            </Tag>
          ))}
        </Flex>
      )}
    </Flex>
  );
}

function Uses({ source }: { source: DataSource }) {
  const say = useTexts();
  const uses = useUses(source.id);
  if (!uses.data) return null;
  if (uses.data.length === 0) return <Typography.Text type="secondary">{say('unused')}</Typography.Text>;
  return (
    <Popover trigger="click" content={<UseList uses={uses.data} />}>
      <Button type="link" style={{ padding: 0, height: 'auto' }}>
        {say('used', { count: uses.data.length })}
      </Button>
    </Popover>
  );
}

function Actions({ source, onOpen, onClone, onRemove }: { source: DataSource } & Doing) {
  const say = useTexts();
  const may = useMayHere();
  const navigate = useNavigate();
  const { id: project } = useProject();
  const mayManage = may('manage-data-sources');
  const canRead = useConnector(source.type)?.capabilities.read !== null;
  const items: MenuProps['items'] = [
    { key: 'edit', label: say(mayManage ? 'edit' : 'view'), onClick: () => onOpen(source) },
    ...(canRead && may('use-data-sources')
      ? [
          {
            key: 'metadata',
            label: say('metadata'),
            onClick: () => navigate(`/p/${project}/metadata?source=${source.id}`),
          },
        ]
      : []),
    ...(mayManage
      ? [
          { key: 'clone', label: say('clone'), onClick: () => onClone(source) },
          { type: 'divider' as const },
          { key: 'remove', label: say('remove'), danger: true, onClick: () => onRemove(source) },
        ]
      : []),
  ];
  return (
    <Flex gap={4} align="center">
      {may('use-data-sources') && <TestButton source={source} />}
      <Dropdown trigger={['click']} menu={{ items }}>
        <Button
          size="small"
          type="text"
          icon={<MoreOutlined />}
          aria-label={say('more', { name: source.name })}
        />
      </Dropdown>
    </Flex>
  );
}

/** Tries a data source where it is, in each environment that it is for. */
function TestButton({ source }: { source: DataSource }) {
  const say = useTexts();
  const { mode } = useProject();
  const { test } = useChanges();
  const writes = useConnector(source.type)?.capabilities.write != null;
  const { token } = theme.useToken();
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<{ edition: number; trials: Trial[] }>();
  const environments: Environment[] =
    mode === 'dev-prod' && source.development != null ? ['production', 'development'] : ['production'];
  const go = async () => {
    setBusy(true);
    const trials = await Promise.all(
      environments.map(async (environment): Promise<Trial> => {
        try {
          return { environment, tested: await test(source, environment) };
        } catch (error) {
          return { environment, error };
        }
      }),
    );
    setResult({ edition: source.edition, trials });
    setBusy(false);
  };
  const trials = result?.edition === source.edition ? result.trials : undefined;
  const works = trials?.every(({ tested }) => tested?.reachable);
  return (
    <>
      <Button size="small" loading={busy} onClick={() => void go()}>
        {busy ? say('testing') : say('test')}
      </Button>
      {trials && !busy && (
        <Popover
          trigger={['click']}
          placement="bottomRight"
          content={
            <div style={{ maxWidth: 440 }}>
              <TestResult trials={trials} named={mode === 'dev-prod'} writes={writes} />
            </div>
          }
        >
          <Button
            size="small"
            type="text"
            style={{ paddingInline: 4 }}
            icon={
              works ? (
                <CheckCircleFilled style={{ color: token.colorSuccess }} />
              ) : (
                <CloseCircleFilled style={{ color: token.colorError }} />
              )
            }
          >
            {say(works ? 'works' : 'fails')}
          </Button>
        </Popover>
      )}
    </>
  );
}
