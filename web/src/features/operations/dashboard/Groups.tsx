import { Col, Flex, Row, Typography, theme } from 'antd';
import { Link } from 'react-router';
import type { Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { bytes, moment } from '@/ui/format';
import { QuotaArea } from '@/ui/plots/QuotaArea';
import { Panel } from './Panel';
import { useDashboardTexts } from './texts';

type Group = Schemas['GroupShown'];

const DAY = 86_400_000;

/** What the project's groups give, and how much of it was taken. */
export function Groups({ groups }: { groups: Group[] }) {
  const say = useDashboardTexts();
  return (
    <Panel title={say('groups')}>
      {groups.length === 0 ? (
        <Link to="/resource-groups">{say('groupsNone')}</Link>
      ) : (
        <Flex vertical gap={20}>
          {groups.map((group) => (
            <OneGroup key={group.id} group={group} />
          ))}
        </Flex>
      )}
    </Panel>
  );
}

function OneGroup({ group }: { group: Group }) {
  const say = useDashboardTexts();
  const { token } = theme.useToken();
  return (
    <section aria-label={group.name}>
      <Flex gap={12} align="baseline">
        <Typography.Text strong>{group.name}</Typography.Text>
        <Typography.Text type={group.waiting > 0 ? 'warning' : 'secondary'}>
          {group.waiting > 0 ? say('waiting', { count: group.waiting }) : say('waitsNot')}
        </Typography.Text>
      </Flex>
      <Row gutter={[24, 8]}>
        <Col xs={24} lg={12}>
          <Taken
            group={group}
            what={say('cpu')}
            used={group['used-cpu-millis']}
            quota={group['cpu-millis']}
            of={(hour) => hour['cpu-millis']}
            written={(millis) => String(millis / 1000)}
            hue={token.colorPrimary}
          />
        </Col>
        <Col xs={24} lg={12}>
          <Taken
            group={group}
            what={say('memory')}
            used={group['used-memory-mb']}
            quota={group['memory-mb']}
            of={(hour) => hour['memory-mb']}
            written={(megabytes) => bytes(megabytes * 1024 * 1024)}
            hue={token.purple}
          />
        </Col>
      </Row>
    </section>
  );
}

function Taken({
  group,
  what,
  used,
  quota,
  of,
  written,
  hue,
}: {
  group: Group;
  what: string;
  used: number;
  quota: number;
  of: (hour: Schemas['HourShown']) => number;
  written: (value: number) => string;
  hue: string;
}) {
  const say = useDashboardTexts();
  const zone = useProject()['time-zone'];
  const to = Date.now();
  const moments = group.hours.map((hour) => ({ at: Date.parse(hour.at), value: of(hour) }));
  const most = Math.max(used, ...moments.map(({ value }) => value));
  const figures = { used: written(used), quota: written(quota), most: written(most) };
  return (
    <div>
      <Flex gap={12} align="baseline">
        <span>{what}</span>
        <Typography.Text type="secondary">
          {say('usedNow', figures)} · {say('most', figures)}
        </Typography.Text>
      </Flex>
      <QuotaArea
        moments={moments}
        from={to - DAY}
        to={to}
        quota={quota}
        quotaLabel={say('quota', { value: written(quota) })}
        words={say('areaWords', { ...figures, what, group: group.name })}
        labelOf={(at) => moment(new Date(at).toISOString(), zone).slice(11, 16)}
        hue={hue}
      />
    </div>
  );
}
