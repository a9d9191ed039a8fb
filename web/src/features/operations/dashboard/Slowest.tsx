import { Typography, theme } from 'antd';
import { Link } from 'react-router';
import type { Schemas } from '@/api/client';
import { bizdate, count, duration } from '@/ui/format';
import { Lines } from '@/ui/Lines';
import { usePlace } from '../common/links';
import { useOperationTexts } from '../common/texts';
import { Panel } from './Panel';
import { useDashboardTexts } from './texts';

/** What took longest on the last of the days. */
export function Slowest({ slowest }: { slowest: Schemas['SlowShown'][] }) {
  const say = useDashboardTexts();
  const general = useOperationTexts();
  const place = usePlace();
  const { token } = theme.useToken();
  const first = slowest[0];
  const most = first?.seconds ?? 1;
  return (
    <Panel title={first ? say('slowest', { bizdate: bizdate(first.bizdate) }) : say('slowestTitle')}>
      {first === undefined ? (
        <Typography.Text type="secondary">{say('slowestNone')}</Typography.Text>
      ) : (
        <Lines
          label={say('slowestTitle')}
          rows={slowest}
          rowKey={({ instance }) => String(instance)}
          columns={[
            {
              key: 'task',
              title: general('task'),
              render: ({ instance, 'task-name': name }) => (
                <Link to={place(`instances/${instance}`)} title={name}>
                  {name}
                </Link>
              ),
            },
            {
              key: 'duration',
              title: general('duration'),
              width: 120,
              render: ({ seconds }) => (
                <div>
                  {duration(seconds)}
                  <div
                    aria-hidden
                    style={{
                      height: 4,
                      width: `${Math.max(1, (seconds / most) * 100)}%`,
                      borderRadius: 2,
                      background: token.colorPrimary,
                    }}
                  />
                </div>
              ),
            },
            {
              key: 'rows',
              title: say('rows'),
              align: 'end',
              width: 100,
              render: ({ rows }) => (rows == null ? '—' : count(rows)),
            },
            {
              key: 'speed',
              title: say('speed'),
              align: 'end',
              width: 85,
              render: ({ rows, seconds }) => (rows == null || seconds <= 0 ? '—' : count(rows / seconds)),
            },
          ]}
        />
      )}
    </Panel>
  );
}
