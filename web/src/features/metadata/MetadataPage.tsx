import { Flex, theme } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { type Environment, useMayHere, useProject } from '@/app/project';
import { type DataSource, useDataSources } from '@/features/data-sources/data';
import { useConnectors } from '@/forms/connectors';
import { Empty } from '@/ui/Empty';
import { NoRight } from '@/ui/NoRight';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { Catalog } from './Catalog';
import { useLastCollections } from './data';
import { SourceList } from './SourceList';
import { useTexts } from './texts';

/** What there is at the data sources of a project. */
export default function MetadataPage() {
  const say = useTexts();
  const { id: project } = useProject();
  const may = useMayHere();
  const sources = useDataSources();
  const connectors = useConnectors();
  const readable = useMemo(() => {
    const blind = new Set(connectors.data?.filter((one) => !one.capabilities.read).map((one) => one.id));
    return sources.data?.filter((one) => !blind.has(one.type));
  }, [sources.data, connectors.data]);
  if (!may('use-data-sources')) {
    return (
      <Page title={say('title')}>
        <NoRight />
      </Page>
    );
  }
  return (
    <Page title={say('title')} intro={say('intro')}>
      {(sources.isPending || connectors.isPending) && <Waiting />}
      <Problem error={sources.error ?? connectors.error} />
      {readable && !connectors.isPending && readable.length === 0 && (
        <Empty
          title={say('noSources')}
          action={<Link to={`/p/${project}/data-sources`}>{say('toSources')}</Link>}
        >
          {say('noSourcesWhy')}
        </Empty>
      )}
      {readable && !connectors.isPending && readable.length > 0 && <Browser sources={readable} />}
    </Page>
  );
}

function Browser({ sources }: { sources: readonly DataSource[] }) {
  const say = useTexts();
  const search = useSearch();
  const { token } = theme.useToken();
  const { mode } = useProject();
  const last = useLastCollections();
  // First one that can be browsed at once: another may not even be there.
  const collected = sources.find((one) => last.data?.get(one.id)?.state === 'succeeded');
  const id = search.get('source') ?? (collected ?? sources[0])?.id;
  const source = sources.find((one) => one.id === id);
  const environments: Environment[] =
    mode === 'dev-prod' && source?.development != null ? ['production', 'development'] : ['production'];
  const environment = environments.find((one) => one === search.get('environment')) ?? 'production';
  // What was looked for at one data source is not there at the next.
  const choose = (next: string) =>
    search.set({ source: next, schema: undefined, q: undefined, in: undefined, table: undefined });
  const panel = {
    background: token.colorBgContainer,
    border: `1px solid ${token.colorBorderSecondary}`,
    borderRadius: token.borderRadiusLG,
  };
  if (last.isPending) return <Waiting />;
  return (
    <Flex gap={16} align="start" style={{ flex: 1, minHeight: 0 }}>
      <nav aria-label={say('sources')} style={{ ...panel, width: 250, flexShrink: 0, overflow: 'hidden' }}>
        <SourceList sources={sources} chosen={source?.id} onChoose={choose} />
      </nav>
      <section style={{ flex: 1, minWidth: 0 }} aria-label={source?.name}>
        {source ? (
          <Catalog
            key={`${source.id} ${environment}`}
            source={source}
            environment={environment}
            environments={environments}
          />
        ) : (
          <Empty title={say('choose')}>{say('noSuchSource')}</Empty>
        )}
      </section>
    </Flex>
  );
}
