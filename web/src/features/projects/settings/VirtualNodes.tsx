import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, Flex, Form, Input, Table, type TableColumnsType, Typography } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { all, api, call, ifMatch, type Schemas } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { Empty } from '@/ui/Empty';
import { FormModal } from '@/ui/FormModal';
import { moment } from '@/ui/format';
import { LONG_NAME, useNameRules } from '@/ui/nameRules';
import { Problem } from '@/ui/Problem';
import { useNames } from '@/ui/people';
import { Waiting } from '@/ui/Waiting';
import { useTexts } from './texts';

type Node = Schemas['VirtualNodeShown'];

/** A node is a task as well: whatever shows tasks is read again. */
function useNodesChanged() {
  const client = useQueryClient();
  const project = useProject();
  return () =>
    Promise.all(
      ['virtual-nodes', 'tasks'].map((noun) => client.invalidateQueries({ queryKey: [noun, project.id] })),
    );
}

/** Tasks that run nothing, for others to wait for. */
export function VirtualNodes() {
  const say = useTexts();
  const project = useProject();
  const may = useMayHere();
  const [creating, setCreating] = useState(false);
  const [leaving, setLeaving] = useState<Node | null>(null);
  const nodes = useQuery({
    queryKey: ['virtual-nodes', project.id],
    queryFn: () =>
      all((after) =>
        call(
          api.GET('/projects/{project}/virtual-nodes', {
            params: { path: { project: project.id }, query: { after, limit: 500 } },
          }),
        ),
      ),
  });
  const editable = may('edit-migrations');
  const create = editable && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
      {say('node-create')}
    </Button>
  );
  return (
    <Flex vertical gap={16} style={{ maxWidth: 960 }}>
      <Typography.Text type="secondary">{say('nodes-intro')}</Typography.Text>
      {(nodes.data?.length ?? 0) > 0 && create && <div>{create}</div>}
      <Problem error={nodes.error} />
      {nodes.isPending && <Waiting />}
      {nodes.data?.length === 0 ? (
        <Empty title={say('nodes-empty')} action={create}>
          {say('nodes-hint')}
        </Empty>
      ) : (
        nodes.data && <NodeTable nodes={nodes.data} onRemove={editable ? setLeaving : null} />
      )}
      {creating && <CreateNode onClose={() => setCreating(false)} />}
      <RemoveNode node={leaving} onClose={() => setLeaving(null)} />
    </Flex>
  );
}

function NodeTable({ nodes, onRemove }: { nodes: Node[]; onRemove: ((node: Node) => void) | null }) {
  const say = useTexts();
  const project = useProject();
  const names = useNames();
  const columns: TableColumnsType<Node> = [
    {
      title: say('name'),
      dataIndex: 'name',
      render: (name: string) => (
        <Link to={`/p/${project.id}/tasks?name=${encodeURIComponent(name)}`}>{name}</Link>
      ),
    },
    { title: say('description'), dataIndex: 'description' },
    {
      title: say('changed'),
      dataIndex: 'changed-at',
      width: 180,
      render: (at: string) => moment(at, project['time-zone']),
    },
    { title: say('by'), dataIndex: 'changed-by', width: 160, render: (id: string) => names[id] ?? '' },
    ...(onRemove
      ? [
          {
            key: 'actions',
            width: 60,
            render: (_: unknown, node: Node) => (
              <Button
                type="text"
                danger
                icon={<DeleteOutlined />}
                aria-label={say('node-remove', { name: node.name })}
                onClick={() => onRemove(node)}
              />
            ),
          },
        ]
      : []),
  ];
  return (
    <Table<Node>
      size="small"
      rowKey="id"
      dataSource={nodes}
      columns={columns}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
    />
  );
}

function CreateNode({ onClose }: { onClose: () => void }) {
  const say = useTexts();
  const project = useProject();
  const changed = useNodesChanged();
  const { message } = App.useApp();
  const rules = useNameRules(LONG_NAME);
  const create = async ({ name, description }: Schemas['VirtualNodeWritten']) => {
    const made = await call(
      api.POST('/projects/{project}/virtual-nodes', {
        params: { path: { project: project.id } },
        body: { name: name.trim(), description: description ?? '' },
      }),
    );
    await changed();
    message.success(say('node-created', { name: made.name }));
  };
  return (
    <FormModal<Schemas['VirtualNodeWritten']>
      title={say('node-create')}
      action={say('node-action')}
      initial={{ name: '', description: '' }}
      onSubmit={create}
      onClose={onClose}
    >
      <Form.Item name="name" label={say('name')} rules={rules}>
        <Input autoFocus autoComplete="off" />
      </Form.Item>
      <Form.Item name="description" label={say('description')}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} />
      </Form.Item>
    </FormModal>
  );
}

function RemoveNode({ node, onClose }: { node: Node | null; onClose: () => void }) {
  const say = useTexts();
  const project = useProject();
  const changed = useNodesChanged();
  const { message } = App.useApp();
  const name = node?.name ?? '';
  const remove = async () => {
    if (node === null) return;
    await call(
      api.DELETE('/projects/{project}/virtual-nodes/{node}', {
        params: { path: { project: project.id, node: node.id }, header: ifMatch(node.edition) },
      }),
    );
    await changed();
    message.success(say('node-removed', { name }));
    onClose();
  };
  return (
    <ConfirmTyped
      open={node !== null}
      title={say('node-remove-title', { name })}
      consequence={say('node-consequence')}
      word={name}
      action={say('remove')}
      onConfirm={remove}
      onCancel={onClose}
    />
  );
}
