import { Table, Typography } from 'antd';
import { Link } from 'react-router';
import type { Schemas } from '@/api/client';
import { bizdate, count } from '@/ui/format';
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
  const environment = useEnvironment();
  return (
    <Panel title={say('failing')} styles={{ body: { paddingBlock: 4 } }}>
      {failing.length === 0 ? (
        <Typography.Text type="secondary">{say('failingNone')}</Typography.Text>
      ) : (
        <Table
          aria-label={say('failing')}
          rowKey="task"
          size="small"
          pagination={false}
          dataSource={failing}
          columns={[
            {
              key: 'task',
              title: general('task'),
              ellipsis: true,
              render: (_, { task, 'task-name': name }) => (
                <Link to={place('tasks', { environment, task })}>{name}</Link>
              ),
            },
            {
              key: 'failures',
              title: say('failed'),
              width: 100,
              align: 'end',
              render: (_, { task, failures }) => (
                <Link to={place('instances', { environment, task, state: 'failed' })}>{count(failures)}</Link>
              ),
            },
            {
              key: 'code',
              title: say('code'),
              width: 210,
              render: (_, { code }) => (code ? <Typography.Text code>{code}</Typography.Text> : '—'),
            },
            {
              key: 'last',
              title: say('lastFailed'),
              width: 120,
              render: (_, one) => (
                <Link to={place(`instances/${one.instance}`)}>{bizdate(one['last-bizdate'])}</Link>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}
