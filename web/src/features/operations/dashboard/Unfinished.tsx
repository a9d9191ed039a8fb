import { useQueries } from '@tanstack/react-query';
import { Flex, Typography } from 'antd';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { duration, count as formatCount, moment, secondsBetween } from '@/ui/format';
import { STATES } from '@/ui/StateTag';
import { useEnvironment } from '../common/environment';
import { InstanceStateTags } from '../common/InstanceState';
import { lateness } from '../common/late';
import { usePlace } from '../common/links';
import { type InstanceLine, isEnded, type StateCounts } from '../common/types';
import { Why } from '../common/Why';
import { Panel } from './Panel';
import { useDashboardTexts } from './texts';

const SHOWN = 6;

/** What of a day has not come to its end, and how late that is: what runs first, then what should have begun. */
export function Unfinished({ bizdate, counts }: { bizdate: string; counts: StateCounts }) {
  const say = useDashboardTexts();
  const project = useProject();
  const environment = useEnvironment();
  const place = usePlace();
  const open = STATES.filter((state) => !isEnded(state) && (counts[state] ?? 0) > 0);
  const all = open.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const found = useQueries({
    queries: open.map((state) => ({
      queryKey: ['instances', project.id, 'list', { environment, bizdate, state }, undefined, SHOWN],
      queryFn: () =>
        call(
          api.GET('/projects/{project}/instances', {
            params: { path: { project: project.id }, query: { environment, bizdate, state, limit: SHOWN } },
          }),
        ),
    })),
  });
  const lines = found.flatMap(({ data }) => data?.items ?? []).slice(0, SHOWN);
  return (
    <Panel
      title={say('unfinished')}
      extra={
        all > lines.length && (
          <Link to={place('instances', { environment, bizdate })}>
            {say('all', { count: formatCount(all) })}
          </Link>
        )
      }
    >
      {all === 0 && <Typography.Text type="secondary">{say('unfinishedNone')}</Typography.Text>}
      <Flex vertical gap={10} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {lines.map((line) => (
          <Open key={line.id} line={line} />
        ))}
      </Flex>
    </Panel>
  );
}

function Open({ line }: { line: InstanceLine }) {
  const say = useDashboardTexts();
  const zone = useProject()['time-zone'];
  const place = usePlace();
  const late = lateness(line);
  const isDue = Date.parse(line['not-before']) <= Date.now();
  return (
    <li>
      <Flex gap={8} align="center" justify="space-between">
        <Link to={place(`instances/${line.id}`)} style={{ overflowWrap: 'anywhere' }}>
          {line['task-name']}
        </Link>
        <Flex gap={4} align="center">
          {line.state === 'running' ? (
            <Typography.Text type="secondary">
              {say('forTime', { duration: duration(secondsBetween(line.since)) })}
            </Typography.Text>
          ) : late !== undefined ? (
            <Typography.Text type="warning">{say('late', { duration: duration(late) })}</Typography.Text>
          ) : (
            <Typography.Text type="secondary">
              {isDue
                ? say('forTime', { duration: duration(secondsBetween(line.since)) })
                : say('due', { at: moment(line['not-before'], zone).slice(0, 16) })}
            </Typography.Text>
          )}
          <InstanceStateTags line={line} />
          <Why line={line} />
        </Flex>
      </Flex>
    </li>
  );
}
