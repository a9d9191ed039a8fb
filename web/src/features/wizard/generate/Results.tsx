import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Flex, Input, Modal, Progress, Segmented, Table, Typography } from 'antd';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import { api, call, type Schemas } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { count, moment } from '@/ui/format';
import { HueTag } from '@/ui/HueTag';
import { Problem } from '@/ui/Problem';
import { STATE_HUES } from '@/ui/StateTag';
import { useDraft } from '../draft';
import { PlanFindings, revealAfter } from '../plan/Findings';
import { type Failure, problemOf } from '../plan/failure';
import type { LongWork } from '../plan/usePlanning';
import { useResultColumns } from './columns';
import { useGenerateTexts } from './texts';

export type Row = Schemas['GeneratedTable'];
type State = Schemas['GeneratedState'];

const STATES: readonly State[] = ['failed', 'new', 'updated', 'unchanged', 'kept', 'vanished'];
/** The service gives so many at once, at most. */
const AT_ONCE = 10_000;

/** What became of the tables when pipelines were generated, and how far that is while it runs. */
export function Results({ work, onRetry }: { work: LongWork; onRetry: () => void }) {
  const say = useGenerateTexts();
  const project = useProject();
  const { operation, error, isOwn } = work;
  const place = useRef<HTMLElement>(null);
  const begun = isOwn ? operation?.id : undefined;
  useEffect(() => {
    if (begun !== undefined) place.current?.scrollIntoView({ block: 'start' });
  }, [begun]);
  if (operation === undefined) return <Problem error={error} />;
  const result = operation.result as { error?: Failure; findings?: Schemas['Finding'][] } | null;
  return (
    <section
      ref={place}
      aria-label={say('results')}
      style={{ scrollMarginBlockStart: 64, minHeight: isOwn ? 'calc(100vh - 180px)' : undefined }}
    >
      <Flex vertical gap={12}>
        <Flex align="baseline" gap={12} wrap>
          <Typography.Title level={3} style={{ fontSize: 15, margin: 0 }}>
            {say('results')}
          </Typography.Title>
          <Typography.Text type="secondary">
            {say('resultsAt', { at: moment(operation['started-at'], project['time-zone']) })}
          </Typography.Text>
        </Flex>
        <Problem error={error} />
        {operation.state === 'running' ? (
          <Running operation={operation} />
        ) : (
          <>
            {result?.error && <Problem error={problemOf(result.error)} />}
            <Rows operation={operation} findings={result?.findings ?? []} onRetry={onRetry} />
          </>
        )}
      </Flex>
    </section>
  );
}

function Running({ operation }: { operation: Schemas['Operation'] }) {
  const say = useGenerateTexts();
  const { done, total } = operation;
  return (
    <div aria-live="polite">
      <Typography.Text>
        {say('running')} {total > 0 && say('of', { done: count(done), total: count(total) })}
      </Typography.Text>
      <Progress
        aria-label={say('running')}
        percent={total > 0 ? Math.round((done / total) * 100) : 0}
        status="active"
      />
    </div>
  );
}

function Rows({
  operation,
  findings,
  onRetry,
}: {
  operation: Schemas['Operation'];
  findings: readonly Schemas['Finding'][];
  onRetry: () => void;
}) {
  const say = useGenerateTexts();
  const project = useProject();
  const mayEdit = useMayHere()('edit-migrations');
  const { id } = useDraft();
  const [state, setState] = useState<State | 'all'>('all');
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed);
  const [shown, setShown] = useState<Row | null>(null);
  const results = useQuery({
    queryKey: ['migrations', project.id, id, 'results', operation.id],
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
    queryFn: () => allRows(project.id, id),
  });
  const rows = useMemo(() => failedFirst(results.data ?? []), [results.data]);
  const counts = useMemo(() => {
    const counts = new Map<State, number>();
    for (const row of rows) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
    return counts;
  }, [rows]);
  const listed = useMemo(
    () =>
      rows.filter(
        (row) =>
          (state === 'all' || row.state === state) &&
          `${row.source.schema}.${row.source.table}`.includes(search),
      ),
    [rows, state, search],
  );
  const columns = useResultColumns(setShown);
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  const failed = counts.get('failed') ?? 0;
  const made = useMemo(
    () => new Set(rows.filter(hasMade).map(({ target }) => JSON.stringify(target))).size,
    [rows],
  );
  if (rows.length === 0 && !results.isPending) {
    return blockers.length > 0 ? (
      <Alert type="error" title={say('whole')} description={<PlanFindings findings={findings} />} />
    ) : (
      <Problem error={results.error} />
    );
  }
  return (
    <>
      <Flex gap={8} wrap justify="space-between">
        <Segmented<State | 'all'>
          aria-label={say('filter')}
          value={state}
          onChange={setState}
          options={[
            { value: 'all', label: `${say('all')} ${count(rows.length)}` },
            ...STATES.filter((one) => counts.has(one)).map((one) => ({
              value: one,
              label: `${say(one)} ${count(counts.get(one) ?? 0)}`,
            })),
          ]}
        />
        <Flex gap={8} wrap>
          <Input.Search
            allowClear
            aria-label={say('search')}
            placeholder={say('search')}
            style={{ width: 220 }}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          {failed > 0 && mayEdit && <Button onClick={onRetry}>{say('retry')}</Button>}
          <Link to={`/p/${project.id}/pipelines`}>
            <Button tabIndex={-1}>{say('toPipelines')}</Button>
          </Link>
        </Flex>
      </Flex>
      {made > 0 && (
        <Typography.Text type="secondary">{say('made', { count: made, shown: count(made) })}</Typography.Text>
      )}
      <Table<Row>
        virtual
        size="small"
        rowKey={(row) => JSON.stringify([row.source.schema, row.source.table, row.method])}
        loading={results.isPending}
        columns={columns}
        dataSource={listed}
        pagination={false}
        scroll={{ x: 900, y: Math.min(440, 40 * Math.max(2, listed.length) + 8) }}
        locale={{ emptyText: say('none') }}
      />
      <Modal
        open={shown !== null}
        onCancel={() => setShown(null)}
        footer={null}
        width={720}
        title={shown && <bdi>{`${shown.source.schema}.${shown.source.table}`}</bdi>}
        destroyOnHidden
      >
        {shown && <PlanFindings findings={shown.remarks} onShow={revealAfter(() => setShown(null))} />}
      </Modal>
    </>
  );
}

/** What failed is looked for first. */
function failedFirst(rows: readonly Row[]): Row[] {
  const failed = rows.filter(({ state }) => state === 'failed');
  return [...failed, ...rows.filter(({ state }) => state !== 'failed')];
}

function hasMade({ remarks }: Row): boolean {
  return remarks.some(({ code }) => code === 'TABLE_MADE');
}

async function allRows(project: string, migration: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await call(
      api.GET('/projects/{project}/migrations/{migration}/results', {
        params: { path: { project, migration }, query: { offset: rows.length, limit: AT_ONCE } },
      }),
    );
    rows.push(...page.items);
    if (page.items.length < AT_ONCE) return rows;
  }
}

const HUES: Record<State, string> = {
  failed: STATE_HUES.failed,
  new: STATE_HUES.succeeded,
  updated: STATE_HUES.running,
  unchanged: STATE_HUES['not-run'],
  kept: STATE_HUES.throttled,
  vanished: STATE_HUES.throttled,
};

export function GeneratedTag({ state }: { state: State }) {
  const say = useGenerateTexts();
  return <HueTag hue={HUES[state]} text={say(state)} state={state} />;
}
