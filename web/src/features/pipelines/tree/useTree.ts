import { useQueries } from '@tanstack/react-query';
import { useDeferredValue, useMemo } from 'react';
import { useProject } from '@/app/project';
import { type Folder, type Pipeline, pipelinesIn, useFolders, useFoundPipelines } from '../queries';

export interface Branch {
  folder: Folder;
  /** What is in it, as far as it was opened or looked for. */
  pipelines: Pipeline[] | undefined;
}

/** Folders with what is in those that are open; or what has a text in its name, below its folders. */
export function useTree(open: ReadonlySet<string>, search: string) {
  const project = useProject();
  const folders = useFolders();
  const looked = useDeferredValue(search.trim());
  const found = useFoundPipelines(looked);
  const opened = useMemo(
    () => (folders.data ?? []).map(({ id }) => id).filter((id) => open.has(id)),
    [folders.data, open],
  );
  const contents = useQueries({
    queries: opened.map((folder) => ({ ...pipelinesIn(project, folder), staleTime: 10_000 })),
    combine: (results) => ({
      lists: results.map(({ data }) => data),
      error: results.find(({ error }) => error !== null)?.error,
    }),
  });
  const branches = useMemo((): Branch[] => {
    const all = folders.data ?? [];
    if (looked === '') {
      return all.map((folder) => ({ folder, pipelines: contents.lists[opened.indexOf(folder.id)] }));
    }
    const items = found.data?.items ?? [];
    return all
      .map((folder) => ({ folder, pipelines: items.filter((one) => one.folder === folder.id) }))
      .filter(({ folder, pipelines }) => pipelines.length > 0 || folder.name.includes(looked));
  }, [folders.data, looked, found.data, contents.lists, opened]);
  return {
    branches,
    isSearch: looked !== '',
    isPending: folders.isPending || (looked !== '' && found.isPending),
    error: folders.error ?? found.error ?? contents.error,
    isCut: looked !== '' && found.data?.next != null,
  };
}
