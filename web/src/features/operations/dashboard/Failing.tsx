import { Typography, theme } from 'antd';
import { Link } from 'react-router';
import type { Schemas } from '@/api/client';
import { bizdate, count } from '@/ui/format';
import { Lines } from '@/ui/Lines';
import { useEnvironment } from '../common/environment';
import { usePlace } from '../common/links';
import { useOperationTexts } from '../common/texts';
import { Panel } from './Panel';
import { useDashboardTexts } from './texts';

/** The tasks that failed most in these days, with what they failed of last. */
export function Failing({ failing }: { failing: Schemas['FailingShown'][] }) {
  const say = useDashboardTexts();
  const general = useOperationTexts();
  const place = usePlace();
  const { token } = theme.useToken();
  const environment = useEnvironment();
  return (
    <Panel title={say('failing')}>
      {failing.length === 0 ? (
        <Typography.Text type="secondary">{say('failingNone')}</Typography.Text>
      ) : (
        <Lines
          label={say('failing')}
          rows={failing}
          rowKey={({ task }) => task}
          columns={[
            {
              key: 'task',
              title: general('task'),
              render: ({ task, 'task-name': name, code }) => (
                <>
                  <Link to={place('tasks', { environment, task })} title={name}>
                    {name}
                  </Link>
                  {code && (
                    <div>
                      <Typography.Text
                        type="secondary"
                        style={{ fontSize: 12, fontFamily: token.fontFamilyCode }}
                      >
                        {code}
                      </Typography.Text>
                    </div>
                  )}
                </>
              ),
            },
            {
              key: 'failures',
              title: say('failed'),
              width: 80,
              align: 'end',
              render: ({ task, failures }) => (
                <Link to={place('instances', { environment, task, state: 'failed' })}>{count(failures)}</Link>
              ),
            },
            {
              key: 'last',
              title: say('lastFailed'),
              width: 110,
              render: (one) => (
                <Link to={place(`instances/${one.instance}`)}>{bizdate(one['last-bizdate'])}</Link>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}
