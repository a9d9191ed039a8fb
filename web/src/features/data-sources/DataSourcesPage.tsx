import { PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Input, Select } from 'antd';
import { useDeferredValue, useMemo, useState } from 'react';
import { useMayHere, useProject } from '@/app/project';
import { useConnectors } from '@/forms/connectors';
import { useTranslated } from '@/forms/scope';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { DataSourceDrawer } from './DataSourceDrawer';
import { type DataSource, placeOf, useDataSources } from './data';
import { CloneDialog, RemoveDialog } from './dialogs';
import { EditDrawer } from './EditDrawer';
import { SourceTable } from './SourceTable';
import { useTexts } from './texts';

/** The data sources of a project. */
export default function DataSourcesPage() {
  const say = useTexts();
  const search = useSearch();
  const may = useMayHere();
  const sources = useDataSources();
  const [cloned, setCloned] = useState<DataSource>();
  const [removed, setRemoved] = useState<DataSource>();
  const mayManage = may('manage-data-sources');
  const open = search.get('open');
  const make = mayManage && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => search.set({ open: 'new' })}>
      {say('make')}
    </Button>
  );
  const close = () => search.set({ open: undefined, of: undefined });
  return (
    <Page title={say('title')} intro={say('intro')} extra={sources.data?.length !== 0 && make}>
      {sources.isPending && <Waiting />}
      <Problem error={sources.error} />
      {sources.data?.length === 0 && (
        <Empty title={say('empty')} action={make}>
          {say('emptyWhy')}
        </Empty>
      )}
      {sources.data && sources.data.length > 0 && (
        <Listed sources={sources.data} onClone={setCloned} onRemove={setRemoved} />
      )}
      {mayManage && (
        <DataSourceDrawer open={open === 'new'} type={search.get('of')} onClose={close} onCreated={close} />
      )}
      <EditDrawer id={open === 'new' ? undefined : open} onClose={close} />
      <CloneDialog
        source={cloned}
        onClose={() => setCloned(undefined)}
        onMade={(made) => {
          setCloned(undefined);
          search.set({ open: made.id });
        }}
      />
      <RemoveDialog source={removed} onClose={() => setRemoved(undefined)} />
    </Page>
  );
}

function Listed({
  sources,
  onClone,
  onRemove,
}: {
  sources: readonly DataSource[];
  onClone: (source: DataSource) => void;
  onRemove: (source: DataSource) => void;
}) {
  const say = useTexts();
  const search = useSearch();
  const { id: project } = useProject();
  const translated = useTranslated();
  const connectors = useConnectors();
  const titles = new Map(connectors.data?.map((one) => [one.id, translated(one.title) ?? one.title]));
  const sought = search.get('q') ?? '';
  const type = search.get('type');
  const words = useDeferredValue(sought);
  const shown = useMemo(
    () => sources.filter((one) => (!type || one.type === type) && holds(one, words)),
    [sources, type, words],
  );
  const types = [...new Set(sources.map((one) => one.type))].sort();
  return (
    <>
      <Flex gap={8} wrap>
        <Input.Search
          allowClear
          aria-label={say('search')}
          placeholder={say('search')}
          style={{ width: 320 }}
          value={sought}
          onChange={({ target }) => search.set({ q: target.value })}
        />
        <Select
          allowClear
          aria-label={say('type')}
          placeholder={say('allTypes')}
          style={{ width: 220 }}
          value={type}
          onChange={(next) => search.set({ type: next })}
          options={types.map((one) => ({ value: one, label: titles.get(one) ?? one }))}
        />
      </Flex>
      {shown.length === 0 ? (
        <Empty
          title={say('nothing')}
          action={
            <Button onClick={() => search.set({ q: undefined, type: undefined })}>
              {say('clearFilters')}
            </Button>
          }
        />
      ) : (
        <SourceTable
          key={project}
          sources={shown}
          titles={titles}
          onOpen={(one) => search.set({ open: one.id })}
          onClone={onClone}
          onRemove={onRemove}
        />
      )}
    </>
  );
}

function holds(source: DataSource, sought: string): boolean {
  const text = [source.name, source.description, source.code, placeOf(source), ...(source.tags ?? [])].join(
    ' ',
  );
  const words = sought.toLowerCase().split(/\s+/);
  return words.every((word) => text.toLowerCase().includes(word));
}
