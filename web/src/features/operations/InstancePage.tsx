import { Flex, Tabs, Typography } from 'antd';
import { useMemo } from 'react';
import { Link, useParams } from 'react-router';
import { useProjectEvents } from '@/app/operation';
import { useProject } from '@/app/project';
import { bizdate, count as formatCount, moment } from '@/ui/format';
import { Page } from '@/ui/Page';
import { Refused } from '@/ui/Refused';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { InstanceStateTags } from './common/InstanceState';
import { usePlace } from './common/links';
import { useInstance } from './common/queries';
import { reportOf } from './common/report';
import { useOperationTexts } from './common/texts';
import type { InstanceShown } from './common/types';
import { Actions } from './instance/Actions';
import { AttemptSwitch } from './instance/AttemptSwitch';
import { Dependencies } from './instance/Dependencies';
import { Figures } from './instance/Figures';
import { LogView } from './instance/LogView';
import { Proof } from './instance/Proof';
import { RejectedRows } from './instance/RejectedRows';
import { Situation } from './instance/Situation';
import { useInstanceTexts } from './instance/texts';

export default function InstancePage() {
  const general = useOperationTexts();
  const place = usePlace();
  const { instance: number = '' } = useParams();
  useProjectEvents(['instances']);
  const instance = useInstance(Number(number));
  if (instance.isPending) return <Waiting />;
  if (instance.isError) {
    const back = { title: general('instances'), to: place('instances') };
    return <Refused error={instance.error} onAgain={instance.refetch} back={back} />;
  }
  return <Opened key={instance.data.id} instance={instance.data} />;
}

function Opened({ instance }: { instance: InstanceShown }) {
  const say = useInstanceTexts();
  const general = useOperationTexts();
  const place = usePlace();
  const { get, set } = useSearch();
  const number = Number(get('attempt') ?? instance.runs[0]?.number ?? 0);
  const attempt = instance.runs.find((run) => run.number === number) ?? instance.runs[0];
  const report = useMemo(() => reportOf(attempt?.report), [attempt?.report]);
  const rejected = report?.rows_rejected ?? 0;
  const neighbours = instance.upstream.length + instance.downstream.length;
  // Virtual nodes have no version, and move nothing.
  const isVirtual = instance.version === 0;
  const ofRuns = [
    { key: 'log', label: say('log'), children: <LogView instance={instance} attempt={attempt} /> },
    { key: 'proof', label: say('proof'), children: <Proof attempt={attempt} report={report} /> },
    {
      key: 'rejected',
      label: rejected > 0 ? `${say('rejected')} (${formatCount(rejected)})` : say('rejected'),
      children: <RejectedRows instance={instance.id} attempt={attempt?.number} rejected={rejected} />,
    },
  ];
  const tabs = [
    ...(isVirtual ? [] : ofRuns),
    {
      key: 'dependencies',
      label: neighbours > 0 ? `${say('dependencies')} (${formatCount(neighbours)})` : say('dependencies'),
      children: <Dependencies instance={instance} />,
    },
  ];
  return (
    <Page
      title={say('title', { task: instance['task-name'], bizdate: bizdate(instance.bizdate) })}
      above={[
        {
          title: general('instances'),
          to: place('instances', { environment: instance.environment, bizdate: instance.bizdate }),
        },
      ]}
      extra={<Actions instance={instance} />}
      intro={<Intro instance={instance} />}
    >
      <Situation instance={instance} onTab={(tab) => set({ tab })} />
      {instance.runs.length > 1 && (
        <AttemptSwitch
          runs={instance.runs}
          chosen={attempt?.number ?? 0}
          onChoose={(chosen) =>
            set({ attempt: chosen === instance.runs[0]?.number ? undefined : String(chosen) })
          }
        />
      )}
      {isVirtual && <Typography.Text type="secondary">{say('virtual')}</Typography.Text>}
      {attempt && !isVirtual && <Figures attempt={attempt} report={report} />}
      <Tabs
        activeKey={isVirtual ? 'dependencies' : (get('tab') ?? 'log')}
        onChange={(tab) => set({ tab: tab === 'log' ? undefined : tab })}
        items={tabs}
        destroyOnHidden
      />
    </Page>
  );
}

function Intro({ instance }: { instance: InstanceShown }) {
  const say = useInstanceTexts();
  const general = useOperationTexts();
  const place = usePlace();
  const project = useProject();
  const zone = project['time-zone'];
  return (
    <Flex gap="4px 12px" wrap align="center" style={{ marginTop: 8 }}>
      <InstanceStateTags line={instance} />
      <Typography.Text type="secondary">{moment(instance.since, zone)}</Typography.Text>
      <span>{say('number', { id: instance.id })}</span>
      {project.mode === 'dev-prod' && <span>{general(instance.environment)}</span>}
      <span>{general(instance.kind)}</span>
      <span>
        {general('priority')}: {general(instance.priority)}
      </span>
      {instance.version > 0 && <span>{say('version', { version: instance.version })}</span>}
      <span>{say('planned', { at: moment(instance['planned-at'], zone) })}</span>
      <Link to={place('tasks', { environment: instance.environment, task: instance.task })}>
        {say('openTask')}
      </Link>
      {instance.kind === 'backfill' && (
        <Link to={place('backfills', { backfill: instance.origin })}>{say('ofBackfill')}</Link>
      )}
    </Flex>
  );
}
