import { CheckSquareOutlined, FolderAddOutlined, SearchOutlined } from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Flex, type GetRef, Input, Tooltip, Tree, type TreeDataNode, Typography, theme } from 'antd';
import { type Key, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useMayHere, useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { type Folder, type Pipeline, pipelinesIn } from '../queries';
import { useTexts } from '../texts';
import { type FolderAction, FolderRow } from './FolderRow';
import { PipelineRow } from './PipelineRow';
import { type Branch, useTree } from './useTree';
import './tree.css';

interface Node extends TreeDataNode {
  key: string;
  folder?: Folder;
  pipeline?: Pipeline;
}

type RefTree = GetRef<typeof Tree>;

const ROW = 28;

/** The folders of the project and their pipelines: one is opened by a click, several are chosen by their boxes. */
export function FolderTree({
  current,
  currentFolder,
  chosen,
  onChoose,
  onOpen,
  onAction,
  onNewFolder,
}: {
  current: string | undefined;
  currentFolder: string | undefined;
  /** Those that are chosen; null while nobody is choosing. */
  chosen: ReadonlyMap<string, Pipeline> | null;
  onChoose: (chosen: Map<string, Pipeline> | null) => void;
  onOpen: (pipeline: string) => void;
  onAction: (action: FolderAction, folder: Folder) => void;
  onNewFolder: () => void;
}) {
  const say = useTexts();
  const mayEdit = useMayHere()('edit-migrations');
  const [search, setSearch] = useState('');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const tree = useTree(open, search);
  const only = tree.branches.length === 1 ? tree.branches[0]?.folder.id : undefined;
  useEffect(() => {
    const wanted = currentFolder ?? only;
    if (wanted !== undefined)
      setOpen((before) => (before.has(wanted) ? before : new Set([...before, wanted])));
  }, [currentFolder, only]);
  return (
    <Flex vertical gap={8} style={{ height: '100%', minHeight: 0 }}>
      <Flex gap={4}>
        <Input
          allowClear
          prefix={<SearchOutlined />}
          placeholder={say('search')}
          aria-label={say('search')}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {mayEdit && (
          <>
            <Tooltip title={say('newFolder')}>
              <Button
                type="text"
                icon={<FolderAddOutlined />}
                aria-label={say('newFolder')}
                onClick={onNewFolder}
              />
            </Tooltip>
            <Tooltip title={say(chosen === null ? 'choose' : 'chooseEnd')}>
              <Button
                type="text"
                icon={<CheckSquareOutlined />}
                aria-label={say(chosen === null ? 'choose' : 'chooseEnd')}
                aria-pressed={chosen !== null}
                color={chosen === null ? 'default' : 'primary'}
                variant={chosen === null ? 'text' : 'filled'}
                onClick={() => onChoose(chosen === null ? new Map() : null)}
              />
            </Tooltip>
          </>
        )}
      </Flex>
      <Problem error={tree.error} />
      {tree.isPending && tree.error == null ? (
        <Waiting />
      ) : tree.branches.length === 0 ? (
        <Nothing isSearch={tree.isSearch} mayEdit={mayEdit} onNewFolder={onNewFolder} />
      ) : (
        <Branches
          branches={tree.branches}
          open={tree.isSearch ? null : open}
          setOpen={setOpen}
          {...{ current, chosen, onChoose, onOpen, onAction, mayEdit }}
        />
      )}
      {tree.isCut && (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {say('firstShown', { count: 500 })}
        </Typography.Text>
      )}
    </Flex>
  );
}

function Nothing({
  isSearch,
  mayEdit,
  onNewFolder,
}: {
  isSearch: boolean;
  mayEdit: boolean;
  onNewFolder: () => void;
}) {
  const say = useTexts();
  if (isSearch) return <Empty title={say('nothingFound')} />;
  return (
    <Empty
      title={say('foldersEmpty')}
      action={mayEdit && <Button onClick={onNewFolder}>{say('newFolder')}</Button>}
    >
      {say('foldersEmptyHint')}
    </Empty>
  );
}

function Branches({
  branches,
  open,
  setOpen,
  current,
  chosen,
  onChoose,
  onOpen,
  onAction,
  mayEdit,
}: {
  branches: Branch[];
  /** Null where all are open. */
  open: ReadonlySet<string> | null;
  setOpen: (open: ReadonlySet<string>) => void;
  current: string | undefined;
  chosen: ReadonlyMap<string, Pipeline> | null;
  onChoose: (chosen: Map<string, Pipeline> | null) => void;
  onOpen: (pipeline: string) => void;
  onAction: (action: FolderAction, folder: Folder) => void;
  mayEdit: boolean;
}) {
  const say = useTexts();
  const project = useProject();
  const client = useQueryClient();
  const { token } = theme.useToken();
  const [frame, height] = useHeight();
  const empty = say('folderEmpty');
  const nodes = useMemo(() => branches.map((branch) => nodeOf(branch, empty)), [branches, empty]);
  const shown = useMemo(
    () => new Set(branches.flatMap(({ pipelines }) => pipelines?.map(({ id }) => id) ?? [])),
    [branches],
  );
  const allOpen = useMemo(() => branches.map(({ folder }) => folder.id), [branches]);
  const handle = useRef<RefTree>(null);
  const isShown = current !== undefined && shown.has(current);
  useEffect(() => {
    if (isShown && current) handle.current?.scrollTo({ key: current, align: 'auto' });
  }, [isShown, current]);
  const toggle = (id: string) => {
    if (open === null) return;
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const check = async (node: Node, isOn: boolean) => {
    const next = new Map(chosen);
    const { folder, pipeline } = node;
    const all =
      pipeline !== undefined
        ? [pipeline]
        : folder !== undefined
          ? await client.fetchQuery({ ...pipelinesIn(project, folder.id), staleTime: 10_000 })
          : [];
    for (const one of all) {
      if (isOn) next.set(one.id, one);
      else next.delete(one.id);
    }
    onChoose(next);
  };
  const title = (node: Node): ReactNode => {
    if (node.pipeline)
      return <PipelineRow pipeline={node.pipeline} folder={nameOf(branches, node.pipeline.folder)} />;
    if (!node.folder) return <Typography.Text type="secondary">{say('folderEmpty')}</Typography.Text>;
    const count = branches.find(({ folder }) => folder.id === node.key)?.pipelines?.length;
    return <FolderRow folder={node.folder} count={count} mayEdit={mayEdit} onAction={onAction} />;
  };
  return (
    <section ref={frame} style={{ flex: 1, minHeight: 0 }} aria-label={say('tree')}>
      <Tree<Node>
        ref={handle}
        blockNode
        className="pipeline-tree"
        virtual
        height={height}
        itemHeight={ROW}
        treeData={nodes}
        titleRender={title}
        aria-label={say('tree')}
        expandedKeys={open === null ? allOpen : [...open]}
        onExpand={(_, { node }) => toggle(node.key)}
        selectedKeys={current ? [current] : []}
        onSelect={(_, { node }) => {
          if (node.pipeline) onOpen(node.pipeline.id);
          else if (node.folder) toggle(node.key);
        }}
        checkable={chosen !== null}
        checkedKeys={chosen === null ? [] : ([...chosen.keys()].filter((id) => shown.has(id)) as Key[])}
        onCheck={(_, { node, checked }) => void check(node, checked)}
        style={{ background: 'transparent', color: token.colorText }}
      />
    </section>
  );
}

function nodeOf({ folder, pipelines }: Branch, empty: string): Node {
  const children: Node[] | undefined = pipelines?.map((pipeline) => ({
    key: pipeline.id,
    pipeline,
    title: pipeline.name,
    isLeaf: true,
  }));
  if (children?.length === 0) {
    children.push({
      key: `${folder.id}-empty`,
      title: empty,
      isLeaf: true,
      selectable: false,
      checkable: false,
    });
  }
  return { key: folder.id, folder, title: folder.name, children, isLeaf: false };
}

function nameOf(branches: Branch[], folder: string): string {
  return branches.find((branch) => branch.folder.id === folder)?.folder.name ?? '';
}

/** The height of what is left for the tree, which it needs to draw only what is seen. */
function useHeight() {
  const frame = useRef<HTMLElement>(null);
  const [height, setHeight] = useState(400);
  useEffect(() => {
    const node = frame.current;
    if (node === null) return;
    const watch = new ResizeObserver(() => setHeight(Math.max(node.clientHeight, 120)));
    watch.observe(node);
    return () => watch.disconnect();
  }, []);
  return [frame, height] as const;
}
