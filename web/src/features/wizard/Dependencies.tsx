import { PlusOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Flex, Input, Popover, Segmented, Select, Tag, Typography } from 'antd';
import { useState } from 'react';
import { all, api, call, type Schemas } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useQuiet } from './checking';
import { put, useDraft } from './draft';
import { Field } from './Field';

const useTexts = defineTexts(
  'wizard-dependencies',
  {
    title: 'Upstream dependencies',
    help: 'Tasks wait for all of these. Without any they wait for the virtual root node.',
    add: 'Add dependency',
    kind: 'Kind of dependency',
    task: 'Task',
    table: 'Table',
    virtual: 'Virtual node',
    taskHelp: 'A published task, by its name.',
    tableHelp: 'The tasks that write this table: schema.table',
    virtualHelp: 'A node that runs nothing, such as one to backfill all behind it at once.',
    taskPlaceholder: 'Search tasks',
    looking: 'Looking',
    noTask: 'No published task has this name',
    noNode: 'No virtual node yet: type a name to make one',
    virtualPlaceholder: 'Choose, or write a new name',
    ok: 'Add',
    makeNode: 'Make the node and add it',
    dot: 'Write schema.table',
    remove: 'Remove {{name}}',
  },
  {
    title: '上游依赖',
    help: '任务会等待以下所有依赖。不配置时依赖虚拟根节点。',
    add: '添加依赖',
    kind: '依赖类型',
    task: '任务',
    table: '表',
    virtual: '虚拟节点',
    taskHelp: '已发布的任务，按名称选择。',
    tableHelp: '写入该表的任务：schema.table',
    virtualHelp: '不执行任何操作的节点，例如用于统一补数据。',
    taskPlaceholder: '搜索任务',
    looking: '正在查询',
    noTask: '没有名称匹配的已发布任务',
    noNode: '还没有虚拟节点，输入名称即可新建',
    virtualPlaceholder: '选择，或输入新名称',
    ok: '添加',
    makeNode: '新建节点并添加',
    dot: '请写 schema.table',
    remove: '删除 {{name}}',
  },
);

type Dependency = Schemas['Dependency'];
type Kind = 'task' | 'table' | 'virtual';

function kindOf(one: Dependency): Kind {
  if ('task' in one) return 'task';
  return 'table' in one ? 'table' : 'virtual';
}

function nameOf(one: Dependency): string {
  if ('task' in one) return one.task;
  if ('virtual' in one) return one.virtual;
  return typeof one.table === 'string' ? one.table : `${one.table.schema}.${one.table.table}`;
}

export function Dependencies() {
  const say = useTexts();
  const { draft, change, mayEdit } = useDraft();
  const [isAdding, setIsAdding] = useState(false);
  const named = draft.schedule?.['depends-on'] ?? [];
  const write = (next: Dependency[]) =>
    change((draft) => put(draft, ['schedule', 'depends-on'], next.length > 0 ? next : undefined));
  const add = (one: Dependency) => {
    const isThere = named.some((other) => kindOf(other) === kindOf(one) && nameOf(other) === nameOf(one));
    if (!isThere) write([...named, one]);
    setIsAdding(false);
  };
  return (
    <Field at="migration.schedule.depends-on" label={say('title')} help={say('help')} isOptional isGroup>
      <Flex gap={6} wrap align="center">
        {named.map((one, index) => (
          <Tag
            key={`${kindOf(one)} ${nameOf(one)}`}
            data-at={`migration.schedule.depends-on[${index}]`}
            closable={mayEdit && { 'aria-label': say('remove', { name: nameOf(one) }), closeIcon: undefined }}
            onClose={(event) => {
              event.preventDefault();
              write(named.filter((_, other) => other !== index));
            }}
            style={{ marginInlineEnd: 0 }}
          >
            <Typography.Text type="secondary" style={{ fontSize: 12 }}>
              {say(kindOf(one))}
            </Typography.Text>{' '}
            {nameOf(one)}
          </Tag>
        ))}
        {mayEdit && (
          <Popover
            trigger="click"
            open={isAdding}
            onOpenChange={setIsAdding}
            destroyOnHidden
            placement="topLeft"
            content={<Adding onAdd={add} />}
          >
            <Button size="small" icon={<PlusOutlined />} aria-expanded={isAdding}>
              {say('add')}
            </Button>
          </Popover>
        )}
      </Flex>
    </Field>
  );
}

function Adding({ onAdd }: { onAdd: (one: Dependency) => void }) {
  const say = useTexts();
  const [kind, setKind] = useState<Kind>('task');
  return (
    <Flex vertical gap={8} style={{ width: 380 }}>
      <Segmented<Kind>
        aria-label={say('kind')}
        value={kind}
        onChange={setKind}
        options={(['task', 'table', 'virtual'] as const).map((one) => ({ value: one, label: say(one) }))}
      />
      <Typography.Text type="secondary">{say(`${kind}Help`)}</Typography.Text>
      {kind === 'task' && <TaskChoice onAdd={onAdd} />}
      {kind === 'table' && <TableChoice onAdd={onAdd} />}
      {kind === 'virtual' && <NodeChoice onAdd={onAdd} />}
    </Flex>
  );
}

function TaskChoice({ onAdd }: { onAdd: (one: Dependency) => void }) {
  const say = useTexts();
  const project = useProject();
  const [typed, setTyped] = useState('');
  const containing = useQuiet(typed, 200);
  const tasks = useQuery({
    queryKey: ['tasks', project.id, 'names', containing],
    queryFn: () =>
      call(
        api.GET('/projects/{project}/tasks', {
          params: {
            path: { project: project.id },
            query: { containing: containing || undefined, limit: 50 },
          },
        }),
      ),
  });
  return (
    <Select<string>
      autoFocus
      defaultOpen
      aria-label={say('task')}
      placeholder={say('taskPlaceholder')}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      loading={tasks.isFetching}
      notFoundContent={
        <Typography.Text type="secondary">{say(tasks.isPending ? 'looking' : 'noTask')}</Typography.Text>
      }
      options={tasks.data?.items.map(({ name }) => ({ value: name, label: name }))}
      onSelect={(task) => onAdd({ task })}
    />
  );
}

function TableChoice({ onAdd }: { onAdd: (one: Dependency) => void }) {
  const say = useTexts();
  const [typed, setTyped] = useState('');
  const isWhole = /^[^.]+\..+$/.test(typed.trim());
  const send = () => isWhole && onAdd({ table: typed.trim() });
  return (
    <Flex gap={8}>
      <Input
        autoFocus
        aria-label={say('table')}
        value={typed}
        placeholder={say('dot')}
        onChange={(event) => setTyped(event.target.value)}
        onPressEnter={send}
      />
      <Button type="primary" disabled={!isWhole} onClick={send}>
        {say('ok')}
      </Button>
    </Flex>
  );
}

function NodeChoice({ onAdd }: { onAdd: (one: Dependency) => void }) {
  const say = useTexts();
  const project = useProject();
  const client = useQueryClient();
  const mayMake = useMayHere()('edit-migrations');
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>(null);
  const nodes = useQuery({
    queryKey: ['virtual-nodes', project.id, 'all'],
    queryFn: () =>
      all(() =>
        call(
          api.GET('/projects/{project}/virtual-nodes', {
            params: { path: { project: project.id } },
          }),
        ),
      ),
  });
  const isNew = typed.trim() !== '' && nodes.data?.every(({ name }) => name !== typed.trim());
  const make = async () => {
    try {
      const body = { name: typed.trim() };
      await call(
        api.POST('/projects/{project}/virtual-nodes', { params: { path: { project: project.id } }, body }),
      );
      void client.invalidateQueries({ queryKey: ['virtual-nodes', project.id] });
      onAdd({ virtual: body.name });
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Flex vertical gap={8}>
      <Select<string>
        autoFocus
        defaultOpen
        aria-label={say('virtual')}
        placeholder={say('virtualPlaceholder')}
        showSearch={{ optionFilterProp: 'label', onSearch: (text) => text && setTyped(text) }}
        loading={nodes.isPending}
        notFoundContent={
          <Typography.Text type="secondary">{say(nodes.isPending ? 'looking' : 'noNode')}</Typography.Text>
        }
        options={nodes.data?.map(({ name }) => ({ value: name, label: name }))}
        onSelect={(virtual) => onAdd({ virtual })}
      />
      {isNew && mayMake && (
        <Button onClick={() => void make()}>
          {say('makeNode')}: {typed.trim()}
        </Button>
      )}
      <Problem error={error} />
    </Flex>
  );
}
