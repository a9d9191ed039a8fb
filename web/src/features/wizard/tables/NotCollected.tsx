import { ReloadOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { Alert, Button, Flex, Progress, Typography } from 'antd';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { type Operation, useOperation } from '@/app/operation';
import { useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { count, moment } from '@/ui/format';
import { visible } from '@/ui/Identifier';
import { Problem } from '@/ui/Problem';
import { useDraft } from '../draft';
import { revealField } from '../sections';
import { useTexts } from './texts';
import { useForgetMetadata } from './useSourceTables';

/** Collects a data source's metadata, and follows it. */
function useCollect(source: string, schemas: readonly string[]) {
  const project = useProject();
  const forget = useForgetMetadata();
  const [id, setId] = useState<string | null>(null);
  const begin = useMutation({
    mutationFn: () =>
      call(
        api.POST('/projects/{project}/data-sources/{source}/metadata', {
          params: { path: { project: project.id, source } },
          body: { environment: null, schemas: [...schemas] },
        }),
      ),
    onSuccess: (operation) => setId(operation.id),
  });
  const operation = useOperation(id).data;
  const state = operation?.state;
  useEffect(() => {
    if (state !== undefined && state !== 'running') void forget().then(takeFocus);
  }, [state, forget]);
  const isRunning = begin.isPending || (id !== null && (state === undefined || state === 'running'));
  /** Whether there is anything to tell of it. */
  const isShown = isRunning || begin.error !== null || state === 'failed';
  return { begin: () => begin.mutate(), error: begin.error, operation, isRunning, isShown };
}

/** What was pressed may be gone, now that there are tables: the keyboard goes on in their list. */
function takeFocus(): void {
  requestAnimationFrame(() => {
    if (document.activeElement !== document.body) return;
    document
      .querySelector<HTMLElement>('#tables [role="grid"], #tables [data-next]')
      ?.focus({ preventScroll: true });
  });
}

type Collecting = ReturnType<typeof useCollect>;

/** Where nothing was collected: why that matters, and how it is done at once. */
export function NotCollected({
  source,
  schemas,
  isEmpty,
  mayCollect,
}: {
  source: string;
  schemas: readonly string[];
  isEmpty: boolean;
  mayCollect: boolean;
}) {
  const say = useTexts();
  const collecting = useCollect(source, schemas);
  const actions = (
    <Flex gap={8} justify={isEmpty ? 'center' : 'flex-start'} wrap>
      {mayCollect && (
        <Button type="primary" size="small" loading={collecting.isRunning} onClick={collecting.begin}>
          {say('collect')}
        </Button>
      )}
      <ToMetadata />
    </Flex>
  );
  const progress = <CollectProgress collecting={collecting} />;
  // Collected, and there still is nothing: it is somewhere else.
  if (isEmpty && collecting.operation?.state === 'succeeded') return <NoTables />;
  if (isEmpty) {
    return (
      <>
        <Empty title={say('notCollected')} action={actions}>
          {say('notCollectedNone')}
        </Empty>
        {progress}
      </>
    );
  }
  return (
    <Alert
      type="info"
      showIcon
      title={say('notCollected')}
      description={
        <Flex vertical gap={8}>
          {say('notCollectedLive')}
          {actions}
          {progress}
        </Flex>
      }
    />
  );
}

/** The schemas that were looked into have no tables. */
export function NoTables() {
  const say = useTexts();
  const { reads, mayEdit } = useDraft();
  const canChoose = mayEdit && reads?.capabilities.read?.schemas === true;
  return (
    <Empty
      title={say('noTables')}
      action={
        canChoose && (
          <Button type="primary" data-next onClick={() => revealField('migration.source.schemas')}>
            {say('chooseSchemas')}
          </Button>
        )
      }
    >
      {say('noTablesWhy')}
    </Empty>
  );
}

/** When the metadata was collected, and a way to have it collected again. */
export function Collected({
  at,
  source,
  schemas,
  mayCollect,
}: {
  at: number;
  source: string;
  schemas: readonly string[];
  mayCollect: boolean;
}) {
  const say = useTexts();
  const project = useProject();
  const collecting = useCollect(source, schemas);
  return (
    <Flex gap={8} align="center" wrap>
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {say('collectedAt', { at: moment(new Date(at).toISOString(), project['time-zone']) })}
      </Typography.Text>
      {mayCollect && (
        <Button
          type="link"
          size="small"
          icon={<ReloadOutlined aria-hidden />}
          loading={collecting.isRunning}
          onClick={collecting.begin}
        >
          {say('collectAgain')}
        </Button>
      )}
      <CollectProgress collecting={collecting} />
    </Flex>
  );
}

/** Where schemas are chosen of which nothing was collected: they would look empty, and are not. */
export function NothingOf({
  missing,
  source,
  schemas,
  mayCollect,
}: {
  missing: readonly string[];
  source: string;
  schemas: readonly string[];
  mayCollect: boolean;
}) {
  const say = useTexts();
  const collecting = useCollect(source, schemas);
  return (
    <Alert
      type="info"
      showIcon
      title={say('nothingOf', { schemas: missing.map(visible).join(', ') })}
      description={collecting.isShown ? <CollectProgress collecting={collecting} /> : undefined}
      action={
        mayCollect && (
          <Button size="small" loading={collecting.isRunning} onClick={collecting.begin}>
            {say('collectAgain')}
          </Button>
        )
      }
    />
  );
}

function ToMetadata() {
  const say = useTexts();
  const project = useProject();
  return (
    <Link to={`/p/${project.id}/metadata`}>
      <Button size="small" tabIndex={-1}>
        {say('toMetadata')}
      </Button>
    </Link>
  );
}

function CollectProgress({ collecting }: { collecting: Collecting }) {
  const say = useTexts();
  const { operation, isRunning, error } = collecting;
  if (error) return <Problem error={error} />;
  if (operation?.state === 'failed') {
    return <Alert type="error" showIcon title={say('collectFailed')} description={failureOf(operation)} />;
  }
  if (!isRunning) return null;
  const { done = 0, total = 0 } = operation ?? {};
  return (
    <div role="status" style={{ minWidth: 240 }}>
      <Typography.Text type="secondary">
        {total === 0 ? say('collectingFirst') : say('collecting', { done: count(done), total: count(total) })}
      </Typography.Text>
      <Progress
        percent={total === 0 ? 0 : Math.round((done / total) * 100)}
        size="small"
        showInfo={false}
        aria-label={say('collectingFirst')}
      />
    </div>
  );
}

/** What an operation says of its failure. */
function failureOf(operation: Operation): string {
  const result = operation.result;
  if (typeof result !== 'object' || result === null || !('error' in result)) return '';
  const { error } = result;
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return '';
  const texts = ['detail', 'message', 'hint'].map((key) => (error as Record<string, unknown>)[key]);
  return texts.filter((text) => typeof text === 'string').join(' — ');
}
