import { Alert, Button, DatePicker, Flex, Progress, Radio, Select, Tooltip, Typography } from 'antd';
import dayjs from 'dayjs';
import { useId, useMemo, useState } from 'react';
import { type Environment, useMayHere, useProject } from '@/app/project';
import { bizdate as bizdateText, bytes, count, moment, shortCount } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { useDraft } from '../draft';
import { kindOf, type Part } from '../method';
import { isTodo, sectionOf } from '../sections';
import { PlanFindings } from './Findings';
import { problemOf } from './failure';
import { PlanTables } from './PlanTables';
import { type Plan, plannedOf } from './planOf';
import { accepted, bestOf } from './proposals';
import { usePlanTexts } from './texts';
import type { LongWork } from './usePlanning';

export interface PlanChoice {
  environment: Environment;
  part: Part;
  bizdate: string | undefined;
}

/** Plans the migration, and shows what would come of it. */
export function PlanSection({
  work,
  choice,
  onChoose,
  onPlan,
  changedAt,
}: {
  work: LongWork;
  choice: PlanChoice;
  onChoose: (choice: PlanChoice) => void;
  onPlan: () => void;
  /** When the migration was changed last; `null` where there are changes that are not saved yet. */
  changedAt: string | null;
}) {
  const say = usePlanTexts();
  const id = useId();
  const { draft, findings } = useDraft();
  // What belongs to no field, such as a key that nobody knows.
  const homeless = findings.filter((finding) => sectionOf(finding) === 'plan');
  const project = useProject();
  const mayPlan = useMayHere()('use-data-sources');
  const isOpen = isTodo('sources', draft) || isTodo('tables', draft);
  const { operation, isRunning, error } = work;
  const started = operation?.['started-at'];
  const isStale = started !== undefined && (changedAt === null || started < changedAt);
  const planned = useMemo(
    () => (operation?.state === 'running' ? undefined : plannedOf(operation?.result)),
    [operation],
  );
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">{say('intro')}</Typography.Text>
      {homeless.length > 0 && <PlanFindings findings={homeless} />}
      <Flex gap={12} wrap align="center">
        {project.mode === 'dev-prod' && (
          <Flex gap={8} align="center">
            <label htmlFor={`${id}-environment`}>{say('environment')}</label>
            <Select<Environment>
              id={`${id}-environment`}
              style={{ width: 150 }}
              value={choice.environment}
              options={(['development', 'production'] as const).map((one) => ({
                value: one,
                label: say(one),
              }))}
              onChange={(environment) => onChoose({ ...choice, environment })}
            />
          </Flex>
        )}
        {kindOf(draft) === 'daily-and-one-time' && (
          <Radio.Group
            aria-label={say('part')}
            optionType="button"
            value={choice.part}
            options={(['one-time', 'daily'] as const).map((one) => ({ value: one, label: say(one) }))}
            onChange={({ target }) => onChoose({ ...choice, part: target.value })}
          />
        )}
        <Flex gap={8} align="center">
          <label htmlFor={`${id}-bizdate`}>{say('bizdate')}</label>
          <DatePicker
            id={`${id}-bizdate`}
            style={{ width: 150 }}
            placeholder={say('yesterday')}
            value={choice.bizdate === undefined ? null : dayjs(choice.bizdate, 'YYYYMMDD')}
            onChange={(day) => onChoose({ ...choice, bizdate: day?.format('YYYYMMDD') })}
          />
        </Flex>
        <Tooltip title={isOpen ? say('todo') : undefined}>
          <Button
            disabled={isOpen || !mayPlan}
            loading={isRunning}
            onClick={onPlan}
            aria-keyshortcuts="Control+Enter Meta+Enter"
          >
            {say(operation === undefined ? 'plan' : 'again')}
          </Button>
        </Tooltip>
      </Flex>
      <Problem error={error} />
      {isRunning && <Progress percent={100} status="active" showInfo={false} aria-label={say('planning')} />}
      {planned?.error && <Problem error={problemOf(planned.error)} />}
      {planned && isStale && <Alert type="warning" showIcon title={say('stale')} />}
      {planned?.blocked && !planned.error && (
        <Alert type="error" showIcon title={say('blocked')} description={say('blockedHelp')} />
      )}
      {planned && !planned.error && started && (
        <Outcome
          plan={planned.plan}
          whole={planned.plan ? planned.plan.findings : planned.findings}
          refusedFindings={planned.findings}
          at={started}
        />
      )}
    </Flex>
  );
}

function Outcome({
  plan,
  whole,
  refusedFindings,
  at,
}: {
  plan: Plan | null;
  whole: Plan['findings'];
  refusedFindings: Plan['findings'];
  at: string;
}) {
  const say = usePlanTexts();
  const project = useProject();
  return (
    <Flex vertical gap={16}>
      {plan && (
        <div>
          <Figures plan={plan} />
          <Typography.Text type="secondary" style={{ fontSize: 13 }}>
            {say('plannedAt', {
              at: moment(at, project['time-zone']),
              environment: say(plan.environment === 'development' ? 'development' : 'production'),
              part: say(plan.part === 'daily' ? 'daily' : 'one-time'),
              bizdate: bizdateText(plan.bizdate),
            })}
          </Typography.Text>
        </div>
      )}
      {whole.length > 0 && (
        <section aria-label={say('whole')}>
          <PlanFindings findings={whole} />
        </section>
      )}
      <AcceptAll key={at} findings={refusedFindings} />
      {plan && <PlanTables plan={plan} />}
    </Flex>
  );
}

function Figures({ plan }: { plan: Plan }) {
  const say = usePlanTexts();
  const sums = useMemo(() => {
    let rows = 0;
    let size = 0;
    let lossy = 0;
    for (const { scan, columns } of plan.pipelines) {
      rows += scan.estimated_rows ?? 0;
      size += scan.estimated_bytes ?? 0;
      if (columns.some(({ fidelity }) => typeof fidelity === 'object')) lossy += 1;
    }
    return { rows, size, lossy };
  }, [plan]);
  const told = (key: 'move' | 'refusedCount' | 'lossyCount', of: number) =>
    say(key, { count: of }).replace(String(of), count(of));
  return (
    <Flex gap={16} wrap align="baseline">
      <Typography.Text strong style={{ fontSize: 16 }}>
        {told('move', plan.pipelines.length)}
      </Typography.Text>
      {plan.refused.length > 0 && (
        <Typography.Text type="danger">{told('refusedCount', plan.refused.length)}</Typography.Text>
      )}
      {sums.lossy > 0 && <Typography.Text type="warning">{told('lossyCount', sums.lossy)}</Typography.Text>}
      <Typography.Text type="secondary">
        {say('rows', { rows: shortCount(sums.rows), bytes: bytes(sums.size) })}
      </Typography.Text>
    </Flex>
  );
}

function AcceptAll({ findings }: { findings: Plan['findings'] }) {
  const say = usePlanTexts();
  const { change, mayEdit } = useDraft();
  const best = useMemo(() => bestOf(findings), [findings]);
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
  if (!mayEdit) return null;
  const offer = (key: 'types' | 'filters') => {
    const proposals = best[key];
    if (proposals.length === 0) return null;
    const word = key === 'types' ? 'acceptTypes' : 'acceptFilters';
    const isDone = done.has(key);
    return (
      <Flex gap={12} align="center" wrap key={key}>
        <Button
          disabled={isDone}
          onClick={() => {
            change((draft) => accepted(draft, proposals));
            setDone(new Set([...done, key]));
          }}
        >
          {say(word, { count: proposals.length })}
        </Button>
        <Typography.Text type="secondary" style={{ fontSize: 13 }} role="status">
          {isDone ? say('accepted') : say(`${word}Help`)}
        </Typography.Text>
      </Flex>
    );
  };
  return (
    <>
      {offer('types')}
      {offer('filters')}
    </>
  );
}
