import { ReloadOutlined } from '@ant-design/icons';
import { Alert, Button, Flex, Segmented, Typography } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { ProblemError } from '@/api/client';
import { type Environment, useMayHere, useProject } from '@/app/project';
import { type DataSource, placeOf } from '@/features/data-sources/data';
import { Empty } from '@/ui/Empty';
import { count, moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { CollectDialog } from './CollectDialog';
import { Collecting } from './Collecting';
import { type Place, useCollection, useSchemas, useTables } from './data';
import { FilterBar, useFilters } from './FilterBar';
import { TableDrawer } from './TableDrawer';
import { TableList } from './TableList';
import { useTexts } from './texts';

/** The tables of a data source. */
export function Catalog({
  source,
  environment,
  environments,
}: {
  source: DataSource;
  environment: Environment;
  environments: readonly Environment[];
}) {
  const say = useTexts();
  const search = useSearch();
  const project = useProject();
  const may = useMayHere();
  const place: Place = { source: source.id, environment };
  const filters = useFilters();
  const schemas = useSchemas(place);
  const tables = useTables(place, filters.asked);
  const { start, operation, own } = useCollection(place);
  const [asking, setAsking] = useState(false);
  const first = tables.data?.pages[0];
  const collectedAt = first?.['collected-at'];
  const rows = tables.data?.pages.flatMap((page) => page.tables) ?? [];
  const isRunning = start.isPending || operation?.state === 'running';
  const [table, schema] = [search.get('table'), search.get('in')];
  return (
    <Flex vertical gap={12}>
      <Flex justify="space-between" align="center" gap={12} wrap>
        <div style={{ minWidth: 0 }}>
          <Typography.Title level={2} style={{ margin: 0, fontSize: 18, overflowWrap: 'anywhere' }}>
            {source.name}
          </Typography.Title>
          <Typography.Text type="secondary">
            {placeOf({
              options: { ...source.options, ...(environment === 'development' && source.development) },
            })}
            {collectedAt != null &&
              ` · ${say('collectedAt', { at: moment(new Date(collectedAt).toISOString(), project['time-zone']) })}`}
          </Typography.Text>
        </div>
        <Flex gap={8} align="center" wrap>
          {environments.length > 1 && (
            <Segmented<Environment>
              aria-label={say('environment')}
              value={environment}
              onChange={(next) => search.set({ environment: next === 'production' ? undefined : next })}
              options={environments.map((one) => ({ value: one, label: say(one) }))}
            />
          )}
          {may('use-data-sources') && (
            <>
              <Button
                type={collectedAt == null ? 'primary' : 'default'}
                icon={<ReloadOutlined />}
                loading={isRunning}
                onClick={() => start.mutate([])}
              >
                {say(collectedAt == null ? 'collect' : 'collectAgain')}
              </Button>
              <Button disabled={isRunning} onClick={() => setAsking(true)}>
                {say('moreSchemas')}
              </Button>
            </>
          )}
        </Flex>
      </Flex>
      <Collecting operation={tables.isError && !isRunning ? undefined : operation} own={own} />
      <Problem error={start.error} />
      {first && collectedAt == null && !isRunning && (
        <Alert type="info" showIcon title={say('notCollected')} description={say('notCollectedWhy')} />
      )}
      {!tables.isError && <FilterBar filters={filters} schemas={schemas.data ?? []} />}
      {tables.isPending && <Waiting />}
      <Unreadable error={tables.error} source={source} />
      {first && (
        <>
          <Unmatched names={first.unmatched} />
          <Typography.Text type="secondary" aria-live="polite">
            {tables.hasNextPage
              ? say('foundMore', { count: count(rows.length) })
              : say('found', { count: rows.length, shown: count(rows.length) })}
          </Typography.Text>
          {rows.length === 0 ? (
            <Empty title={say(filters.isActive ? 'nothing' : 'empty')}>
              {say(filters.isActive ? 'nothingWhy' : 'emptyWhy')}
            </Empty>
          ) : (
            <TableList
              tables={rows}
              isLoading={tables.isFetchingNextPage}
              onEnd={() => {
                if (tables.hasNextPage && !tables.isFetchingNextPage) void tables.fetchNextPage();
              }}
              onOpen={(one) => search.set({ in: one.schema, table: one.table })}
            />
          )}
        </>
      )}
      <TableDrawer
        place={place}
        name={table !== undefined && schema !== undefined ? { schema, table } : undefined}
        onClose={() => search.set({ in: undefined, table: undefined })}
      />
      <CollectDialog
        open={asking}
        name={source.name}
        onCollect={(more) => {
          setAsking(false);
          start.mutate(more);
        }}
        onClose={() => setAsking(false)}
      />
    </Flex>
  );
}

function Unmatched({ names }: { names: readonly string[] }) {
  const say = useTexts();
  if (names.length === 0) return null;
  const shown = names.slice(0, 50).join(', ');
  return (
    <Alert
      type="warning"
      showIcon
      title={say('unmatched', { count: names.length })}
      description={names.length > 50 ? `${shown} …` : shown}
    />
  );
}

/** Why nothing can be shown, and the way to what may mend it. */
function Unreadable({ error, source }: { error: unknown; source: DataSource }) {
  const say = useTexts();
  const { id: project } = useProject();
  if (error instanceof ProblemError && error.problem.code === 'NO_CATALOG') {
    return <Empty title={say('notYet')}>{say('notYetWhy')}</Empty>;
  }
  return (
    <Problem
      error={error}
      action={<Link to={`/p/${project}/data-sources?open=${source.id}`}>{say('openSource')}</Link>}
    />
  );
}
