import { Alert, Button, Card, Flex, Progress, Typography } from 'antd';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { Code, CodeMeaning } from '@/ui/Code';
import { count, duration } from '@/ui/format';
import { usePlace } from '../common/links';
import { useTask } from '../common/queries';
import { progressOf, reportOf } from '../common/report';
import { type Attempt, type InstanceShown, isWaiting } from '../common/types';
import { useSeconds } from './Figures';
import { useLog } from './log';
import { nextSteps } from './nextSteps';
import { useInstanceTexts } from './texts';

type ToTab = (tab: string) => void;

/** How it stands with an instance, and what there is to do about it. */
export function Situation({ instance, onTab }: { instance: InstanceShown; onTab: ToTab }) {
  const say = useInstanceTexts();
  const run = instance.runs[0];
  if (instance.state === 'failed') return <Failure instance={instance} onTab={onTab} />;
  if (instance.state === 'running') return run ? <Running instance={instance} run={run} /> : null;
  if (isWaiting(instance.state)) return <Held instance={instance} onTab={onTab} />;
  if (run && run.outcome !== 'succeeded') return <Alert type="info" showIcon title={say('unloaded')} />;
  return null;
}

/** The service gives reasons as the latter part of a sentence. */
function sentence(reason: string): string {
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}

function Held({ instance, onTab }: { instance: InstanceShown; onTab: ToTab }) {
  const say = useInstanceTexts();
  const last = reportOf(instance.runs[0]?.report);
  const reason = instance.paused ? say('isPaused') : instance.reason && sentence(instance.reason);
  return (
    <Alert
      type={instance.paused ? 'warning' : 'info'}
      showIcon
      title={reason || say('reasonUnknown')}
      description={
        last?.message && (
          <>
            {last.code && <Code code={last.code} />} {last.message}
          </>
        )
      }
      action={<Remedy instance={instance} onTab={onTab} />}
    />
  );
}

/** Where it can be seen what it waits for. */
function Remedy({ instance, onTab }: { instance: InstanceShown; onTab: ToTab }) {
  const say = useInstanceTexts();
  const place = usePlace();
  switch (instance.state) {
    case 'not-run':
      if (instance.upstream.length === 0) return null;
      return (
        <Button size="small" onClick={() => onTab('dependencies')}>
          {say('seeDependencies')}
        </Button>
      );
    case 'waiting-for-resources':
      return <Link to="/resource-groups">{say('seeGroups')}</Link>;
    case 'throttled':
      return <Link to={place('data-sources')}>{say('seeSources')}</Link>;
    default:
      return null;
  }
}

function Running({ instance, run }: { instance: InstanceShown; run: Attempt }) {
  const say = useInstanceTexts();
  const seconds = useSeconds(run);
  const log = useLog(instance.id, run.number, true);
  const { step, parts, done, read, rejected } = progressOf(log.data ?? []);
  const figures = { done, parts, read: count(read), rejected: count(rejected) };
  return (
    <Card size="small" title={say('running', { server: run.server, duration: duration(seconds) })}>
      <Flex vertical gap={4} aria-live="polite">
        <Progress
          aria-label={say('progress')}
          percent={parts === 0 ? 0 : Math.round((done / parts) * 95)}
          status="active"
          format={() => say(`step-${step}`)}
          styles={{ indicator: { width: 'auto', whiteSpace: 'nowrap' } }}
        />
        {parts > 0 && (
          <Typography.Text type="secondary">
            {say(rejected > 0 ? 'partsDoneRejected' : 'partsDone', figures)}
          </Typography.Text>
        )}
        {instance.reason && <span>{sentence(instance.reason)}</span>}
      </Flex>
    </Card>
  );
}

function Failure({ instance, onTab }: { instance: InstanceShown; onTab: ToTab }) {
  const say = useInstanceTexts();
  const run = instance.runs[0];
  const report = reportOf(run?.report);
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={headline(say, run, report?.message)}
      description={
        <Flex vertical gap={8}>
          <div>
            {report?.code && <Code code={report.code} />}{' '}
            {run && <span>{say(report ? 'nothingPublished' : 'noReport')}</span>}
          </div>
          {report?.code && <CodeMeaning code={report.code} />}
          {report?.hint && (
            <div>
              <Typography.Text strong>{say('helps')}: </Typography.Text>
              {report.hint}
            </div>
          )}
          <NextSteps instance={instance} code={report?.code ?? null} onTab={onTab} />
        </Flex>
      }
    />
  );
}

function headline(
  say: ReturnType<typeof useInstanceTexts>,
  run: Attempt | undefined,
  message: string | null | undefined,
): string {
  switch (run?.outcome) {
    case undefined:
      return say('neverRan');
    case 'timed-out':
      return say('timedOutTitle');
    case 'stopped':
      return say('stoppedTitle');
    case 'lost':
      return say('lostTitle');
    case 'refused':
      return message ? say('refusedTitle', { message }) : say('reasonUnknown');
    default:
      return message ? say('failedTitle', { message }) : say('reasonUnknown');
  }
}

/** The places where what went wrong can be looked at, or set right; the rerun stands in the page's head. */
function NextSteps({
  instance,
  code,
  onTab,
}: {
  instance: InstanceShown;
  code: string | null;
  onTab: ToTab;
}) {
  const say = useInstanceTexts();
  const place = usePlace();
  const project = useProject();
  const task = useTask(instance.task, instance.environment);
  const runs = task.data?.body.runs;
  const pipeline = runs?.kind === 'pipeline' ? runs : undefined;
  const places = {
    migration: pipeline?.['generated-from']
      ? `/p/${project.id}/migrations/${pipeline['generated-from']}`
      : place(`pipelines/${instance.task}`),
    metadata: place('metadata', { source: pipeline?.source }),
    sources: place('data-sources'),
  };
  const steps = nextSteps(code);
  return (
    <Flex gap="4px 16px" wrap align="center">
      <Typography.Text strong>{say('nextSteps')}:</Typography.Text>
      {steps.includes('rejected') && (
        <Button size="small" onClick={() => onTab('rejected')}>
          {say('seeRejected')}
        </Button>
      )}
      {steps.includes('metadata') && <Link to={places.metadata}>{say('seeMetadata')}</Link>}
      {steps.includes('migration') && <Link to={places.migration}>{say('editMigration')}</Link>}
      {steps.includes('sources') && <Link to={places.sources}>{say('seeSources')}</Link>}
      {steps.includes('log') && (
        <Button size="small" onClick={() => onTab('log')}>
          {say('seeLog')}
        </Button>
      )}
    </Flex>
  );
}
