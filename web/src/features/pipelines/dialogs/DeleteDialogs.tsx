import { useQuery } from '@tanstack/react-query';
import { Flex } from 'antd';
import { api, call, ifMatch, ProblemError } from '@/api/client';
import { type Environment, type Project, useProject } from '@/app/project';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { environmentsOf, type Folder, readPipeline, readTasks, type Task, useTouched } from '../queries';
import { useTexts } from '../texts';

type Published = Record<Environment, Task[]>;

const NAMED = 4;

function useNamed() {
  const say = useTexts();
  return (tasks: readonly { name: string }[]) => {
    const named = tasks.slice(0, NAMED).map(({ name }) => name);
    if (tasks.length > NAMED) named.push(say('more', { count: tasks.length - NAMED }));
    return named.join(', ');
  };
}

/** What else goes: tasks in either environment. */
function Consequence({ loses, published }: { loses: string; published: Published | undefined }) {
  const say = useTexts();
  const named = useNamed();
  const { production = [], development = [] } = published ?? {};
  return (
    <Flex vertical gap={4}>
      <span>{loses}</span>
      {production.length > 0 && (
        <span>{say('unpublishesProduction', { count: production.length, names: named(production) })}</span>
      )}
      {development.length > 0 && (
        <span>{say('unpublishesDevelopment', { count: development.length, names: named(development) })}</span>
      )}
      <span>{say('rowsStay')}</span>
    </Flex>
  );
}

async function publishedOf(project: Project, ids: readonly string[]): Promise<Published> {
  const published: Published = { development: [], production: [] };
  const wanted = new Set(ids);
  for (const environment of environmentsOf(project)) {
    published[environment] = (await readTasks(project, environment)).filter((task) => wanted.has(task.id));
  }
  return published;
}

function usePublishedOf(ids: readonly string[] | undefined) {
  const project = useProject();
  return useQuery({
    queryKey: ['tasks', project.id, 'of', ids],
    enabled: ids !== undefined,
    staleTime: 0,
    queryFn: () => publishedOf(project, ids ?? []),
  });
}

/** Deletes a folder with all that is in it, once its name is typed. */
export function DeleteFolder({
  folder,
  pipelines,
  onClose,
}: {
  folder: Folder | null;
  /** What stands in it; unset while that is not known. */
  pipelines: readonly string[] | undefined;
  onClose: (removed: boolean) => void;
}) {
  const say = useTexts();
  const project = useProject();
  const touched = useTouched();
  const published = usePublishedOf(folder === null ? undefined : pipelines);
  const remove = async () => {
    if (folder === null) return;
    await call(
      api.DELETE('/projects/{project}/folders/{folder}', {
        params: {
          path: { project: project.id, folder: folder.id },
          header: ifMatch(folder.edition),
          query: { unpublish: true },
        },
      }),
    );
    await touched([folder.id, ...(pipelines ?? [])]);
    onClose(true);
  };
  const count = pipelines?.length ?? 0;
  return (
    <ConfirmTyped
      open={folder !== null && pipelines !== undefined && !published.isPending}
      title={say('deleteFolder')}
      word={folder?.name ?? ''}
      action={say('remove')}
      consequence={
        <Consequence
          loses={count === 0 ? say('deleteFolderEmpty') : say('deleteFolderLoses', { count })}
          published={published.data}
        />
      }
      onConfirm={remove}
      onCancel={() => onClose(false)}
    />
  );
}

/** Deletes pipelines, out of their environments first. */
export function DeletePipelines({
  pipelines,
  word,
  onClose,
}: {
  /** By id; the dialog is shown while there are some. */
  pipelines: readonly string[];
  /** What is typed: the name of the only one, or how many. */
  word: string;
  onClose: (removed: boolean) => void;
}) {
  const say = useTexts();
  const project = useProject();
  const touched = useTouched();
  const isOpen = pipelines.length > 0;
  const published = usePublishedOf(isOpen ? pipelines : undefined);
  const remove = async () => {
    for (const environment of environmentsOf(project)) {
      const out = published.data?.[environment].map(({ id }) => id) ?? [];
      if (out.length === 0) continue;
      await call(
        api.POST('/projects/{project}/unpublish', {
          params: { path: { project: project.id } },
          body: { pipelines: out, environment },
        }),
      );
    }
    try {
      for (const id of pipelines) await removeOne(project, id);
    } finally {
      await touched(pipelines);
    }
    onClose(true);
  };
  return (
    <ConfirmTyped
      open={isOpen && !published.isPending}
      title={say('deletePipelines', { count: pipelines.length })}
      word={word}
      action={say('remove')}
      consequence={
        <Consequence
          loses={say('deletePipelinesLoses', { count: pipelines.length })}
          published={published.data}
        />
      }
      onConfirm={remove}
      onCancel={() => onClose(false)}
    />
  );
}

async function removeOne(project: Project, id: string): Promise<void> {
  try {
    const { edition } = await readPipeline(project, id);
    await call(
      api.DELETE('/projects/{project}/pipelines/{pipeline}', {
        params: { path: { project: project.id, pipeline: id }, header: ifMatch(edition) },
      }),
    );
  } catch (error) {
    // Somebody else was faster; it is gone.
    if (!(error instanceof ProblemError) || error.problem.status !== 404) throw error;
  }
}
