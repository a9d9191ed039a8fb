import { useQuery } from '@tanstack/react-query';
import { Button, Flex, Splitter, Typography, theme } from 'antd';
import { type CSSProperties, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { api, call, ifMatch, ProblemError } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { DeleteFolder, DeletePipelines } from './dialogs/DeleteDialogs';
import { MoveDialog } from './dialogs/MoveDialog';
import { NameDialog } from './dialogs/NameDialog';
import { NewPipelineDialog } from './dialogs/NewPipelineDialog';
import { SubmitDialog } from './dialogs/SubmitDialog';
import { PipelineView } from './editor/PipelineView';
import { type Folder, type Pipeline, pipelinesIn, useFolders, usePipeline, useTouched } from './queries';
import { useTexts } from './texts';
import type { FolderAction } from './tree/FolderRow';
import { FolderTree } from './tree/FolderTree';

/** Folders with pipelines and scripts; one of them in full. */
export default function PipelinesPage() {
  const say = useTexts();
  const { token } = theme.useToken();
  const project = useProject();
  const navigate = useNavigate();
  const { get } = useSearch();
  const { pipeline: id } = useParams();
  const pipeline = usePipeline(id);
  const [chosen, setChosen] = useState<Map<string, Pipeline> | null>(null);
  const [folder, setFolder] = useState<{ action: FolderAction; folder: Folder } | null>(null);
  const [isMaking, setIsMaking] = useState(false);
  const open = (to: string, view = get('view')) =>
    navigate(`/p/${project.id}/pipelines/${to}${view ? `?view=${view}` : ''}`);
  const close = () => navigate(`/p/${project.id}/pipelines`);
  const frame: CSSProperties = {
    background: token.colorBgContainer,
    border: `1px solid ${token.colorBorderSecondary}`,
    borderRadius: token.borderRadiusLG,
    height: 'calc(100vh - 147px)',
    minHeight: 460,
  };
  return (
    <Page title={say('title')}>
      <Splitter style={frame}>
        <Splitter.Panel defaultSize={320} min={240} max="45%">
          <Flex vertical gap={8} style={{ height: '100%', padding: 12 }}>
            <div style={{ flex: 1, minHeight: 0 }}>
              <FolderTree
                current={id}
                currentFolder={pipeline.data?.folder ?? get('folder')}
                chosen={chosen}
                onChoose={setChosen}
                onOpen={open}
                onAction={(action, of) => setFolder({ action, folder: of })}
                onNewFolder={() => setIsMaking(true)}
              />
            </div>
            {chosen !== null && <ChosenBar chosen={chosen} onChange={setChosen} />}
          </Flex>
        </Splitter.Panel>
        <Splitter.Panel>
          <div style={{ padding: 16, minHeight: '100%' }}>
            {id === undefined ? (
              <Nothing />
            ) : pipeline.isError ? (
              <Missing error={pipeline.error} />
            ) : pipeline.data === undefined ? (
              <Waiting />
            ) : (
              <PipelineView key={pipeline.data.id} pipeline={pipeline.data} onGone={close} />
            )}
          </div>
        </Splitter.Panel>
      </Splitter>
      <FolderDialogs
        asked={folder}
        isMaking={isMaking}
        onClose={() => {
          setFolder(null);
          setIsMaking(false);
        }}
        onMade={(made, as) => open(made.id, as === 'script' ? 'script' : undefined)}
        onRemoved={(removed) => pipeline.data?.folder === removed.id && close()}
      />
    </Page>
  );
}

/** Nothing is opened, or there is nothing to open. */
function Nothing() {
  const say = useTexts();
  const project = useProject();
  const folders = useFolders();
  if (folders.data?.length !== 0) return <Empty title={say('chooseOne')}>{say('chooseOneHint')}</Empty>;
  return (
    <Empty
      title={say('nothingYet')}
      action={<Link to={`/p/${project.id}/migrations`}>{say('toMigrations')}</Link>}
    >
      {say('nothingYetHint')}
    </Empty>
  );
}

function Missing({ error }: { error: unknown }) {
  const say = useTexts();
  if (error instanceof ProblemError && error.problem.status === 404) return <Empty title={say('gone')} />;
  return <Problem error={error} />;
}

/** What can be done with several pipelines at once. */
function ChosenBar({
  chosen,
  onChange,
}: {
  chosen: Map<string, Pipeline>;
  onChange: (chosen: Map<string, Pipeline> | null) => void;
}) {
  const say = useTexts();
  const may = useMayHere();
  const project = useProject();
  const navigate = useNavigate();
  const { pipeline: open } = useParams();
  const [asked, setAsked] = useState<'submit' | 'move' | 'remove' | null>(null);
  const ids = [...chosen.keys()];
  const folders = new Set([...chosen.values()].map((one) => one.folder));
  const only = ids.length === 1 ? chosen.values().next().value?.name : undefined;
  const maySubmit = project.mode === 'dev-prod' || may('publish');
  const isNone = ids.length === 0;
  const removed = (done: boolean) => {
    setAsked(null);
    if (!done) return;
    onChange(new Map());
    if (open && chosen.has(open)) navigate(`/p/${project.id}/pipelines`);
  };
  return (
    <Flex vertical gap={6}>
      <Flex justify="space-between" align="center">
        <Typography.Text role="status">{say('chosen', { count: ids.length })}</Typography.Text>
        <Button type="link" size="small" disabled={isNone} onClick={() => onChange(new Map())}>
          {say('clear')}
        </Button>
      </Flex>
      <Flex gap={6} wrap>
        {maySubmit && (
          <Button size="small" type="primary" disabled={isNone} onClick={() => setAsked('submit')}>
            {say('submit')}
          </Button>
        )}
        <Button size="small" disabled={isNone} onClick={() => setAsked('move')}>
          {say('move')}
        </Button>
        <Button size="small" danger disabled={isNone} onClick={() => setAsked('remove')}>
          {say('remove')}
        </Button>
      </Flex>
      <SubmitDialog open={asked === 'submit'} pipelines={ids} onClose={() => setAsked(null)} />
      <MoveDialog
        open={asked === 'move'}
        pipelines={ids}
        from={folders.size === 1 ? [...folders][0] : undefined}
        onClose={(moved) => {
          setAsked(null);
          if (moved) onChange(new Map());
        }}
      />
      <DeletePipelines
        pipelines={asked === 'remove' ? ids : []}
        word={only ?? String(ids.length)}
        onClose={removed}
      />
    </Flex>
  );
}

/** The dialogs of a folder's menu. */
function FolderDialogs({
  asked,
  isMaking,
  onClose,
  onMade,
  onRemoved,
}: {
  asked: { action: FolderAction; folder: Folder } | null;
  isMaking: boolean;
  onClose: () => void;
  onMade: (pipeline: Pipeline, as: 'pipeline' | 'script') => void;
  onRemoved: (folder: Folder) => void;
}) {
  const say = useTexts();
  const project = useProject();
  const touched = useTouched();
  const going = asked?.action === 'remove' ? asked.folder : null;
  const contents = useQuery({
    ...pipelinesIn(project, going?.id ?? ''),
    enabled: going !== null,
    staleTime: 0,
  });
  const make = async (name: string, description: string) => {
    await call(
      api.POST('/projects/{project}/folders', {
        params: { path: { project: project.id } },
        body: { name, description },
      }),
    );
    await touched();
    onClose();
  };
  const rename = async (name: string, description: string) => {
    if (asked === null) return;
    const { id, edition } = asked.folder;
    await call(
      api.PUT('/projects/{project}/folders/{folder}', {
        params: { path: { project: project.id, folder: id }, header: ifMatch(edition) },
        body: { name, description },
      }),
    );
    await touched();
    onClose();
  };
  const as = asked?.action === 'script' ? 'script' : 'pipeline';
  const isNew = asked?.action === 'pipeline' || asked?.action === 'script';
  return (
    <>
      <NameDialog
        open={isMaking}
        title={say('newFolder')}
        action={say('create')}
        description=""
        onDone={make}
        onCancel={onClose}
      />
      <NameDialog
        open={asked?.action === 'rename'}
        title={say('rename')}
        action={say('save')}
        name={asked?.folder.name}
        description={asked?.folder.description ?? ''}
        onDone={rename}
        onCancel={onClose}
      />
      <NewPipelineDialog
        folder={isNew ? asked.folder : null}
        as={as}
        onClose={(made) => {
          onClose();
          if (made) onMade(made, as);
        }}
      />
      <DeleteFolder
        folder={going}
        pipelines={contents.isFetching ? undefined : contents.data?.map(({ id }) => id)}
        onClose={(removed) => {
          if (removed && going) onRemoved(going);
          onClose();
        }}
      />
    </>
  );
}
