import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Button, Col, Row } from 'antd';
import { api, call, type Schemas } from '@/api/client';
import { useProjectEvents } from '@/app/operation';
import { useProject } from '@/app/project';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';
import { lastBizdate } from './common/dates';
import { EnvironmentSwitch, useEnvironment } from './common/environment';
import { useCounts } from './common/queries';
import type { StateCounts } from './common/types';
import { DayPicker } from './dashboard/DayPicker';
import { Failing } from './dashboard/Failing';
import { Failures } from './dashboard/Failures';
import { FirstSteps } from './dashboard/FirstSteps';
import { Groups } from './dashboard/Groups';
import { Slowest } from './dashboard/Slowest';
import { Trend } from './dashboard/Trend';
import { useDashboardTexts } from './dashboard/texts';
import { Unfinished } from './dashboard/Unfinished';
import { Verdict } from './dashboard/Verdict';

const DAYS = 15;

export default function DashboardPage() {
  const say = useDashboardTexts();
  const project = useProject();
  const environment = useEnvironment();
  const { get, set } = useSearch();
  useProjectEvents(['dashboard', 'instances']);
  const dashboard = useQuery({
    // The service shares one look for some seconds: what came meanwhile is seen by the next. And what waits
    // gets later without that anything happens.
    refetchInterval: 10_000,
    queryKey: ['dashboard', project.id, environment, DAYS],
    placeholderData: keepPreviousData,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/dashboard', {
          params: { path: { project: project.id }, query: { environment, days: DAYS } },
        }),
      ),
  });
  const days = dashboard.data?.days ?? [];
  const day = get('bizdate') ?? usualDay(days, lastBizdate(project['time-zone']));
  return (
    <Page
      title={say('title')}
      extra={
        <>
          <EnvironmentSwitch drop={['bizdate']} />
          {get('bizdate') !== undefined && (
            <Button onClick={() => set({ bizdate: undefined })}>{say('latest')}</Button>
          )}
          {day !== undefined && <DayPicker day={day} onChoose={(bizdate) => set({ bizdate })} />}
        </>
      }
    >
      <Problem error={dashboard.error} />
      {dashboard.isPending && <Waiting />}
      {dashboard.data && day === undefined && <FirstSteps />}
      {dashboard.data && day !== undefined && (
        <Shown dashboard={dashboard.data} day={day} onDay={(bizdate) => set({ bizdate })} />
      )}
    </Page>
  );
}

/** The last business date that is over, where it has instances; a run by hand for today does not hide it. */
function usualDay(days: Schemas['DashboardShown']['days'], yesterday: string): string | undefined {
  return days.find(({ bizdate }) => bizdate === yesterday)?.bizdate ?? days.at(-1)?.bizdate;
}

function Shown({
  dashboard,
  day,
  onDay,
}: {
  dashboard: Schemas['DashboardShown'];
  day: string;
  onDay: (day: string) => void;
}) {
  const environment = useEnvironment();
  const known = dashboard.days.find(({ bizdate }) => bizdate === day)?.states;
  // Of days further off only the numbers are read.
  const counted = useCounts(environment, day, known === undefined);
  const counts: StateCounts = known ?? (counted.isPlaceholderData ? undefined : counted.data) ?? {};
  if (known === undefined && (counted.isPending || counted.isPlaceholderData)) return <Waiting />;
  return (
    <Row gutter={[16, 16]}>
      <Col span={24}>
        <Verdict bizdate={day} counts={counts} />
      </Col>
      <Col xs={24} xl={12}>
        <Failures bizdate={day} count={counts.failed ?? 0} />
      </Col>
      <Col xs={24} xl={12}>
        <Unfinished bizdate={day} counts={counts} />
      </Col>
      <Col span={24}>
        <Trend days={dashboard.days} chosen={day} onChoose={onDay} />
      </Col>
      <Col xs={24} xl={12}>
        <Slowest slowest={dashboard.slowest} />
      </Col>
      <Col xs={24} xl={12}>
        <Failing failing={dashboard.failing} />
      </Col>
      <Col span={24}>
        <Groups groups={dashboard.groups} />
      </Col>
    </Row>
  );
}
