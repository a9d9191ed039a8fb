import { Button, Flex, Typography, theme } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'react-router';
import { useMayHere } from '@/app/project';
import { count as formatCount } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { useActTexts } from '../common/actTexts';
import { useEnvironment } from '../common/environment';
import { usePlace } from '../common/links';
import { useInstances } from '../common/queries';
import type { InstanceLine } from '../common/types';
import { Panel } from './Panel';
import { useDashboardTexts } from './texts';

const SHOWN = 6;

/** Nobody needs it at first sight. */
const Rerun = lazy(() => import('./Rerun'));

/** What failed on a day, and why; with the way to have it run again. */
export function Failures({ bizdate, count }: { bizdate: string; count: number }) {
  const say = useDashboardTexts();
  const act = useActTexts();
  const may = useMayHere();
  const place = usePlace();
  const environment = useEnvironment();
  const [asked, setAsked] = useState<readonly InstanceLine[] | null>(null);
  const failed = useInstances(
    { environment, bizdate, state: 'failed' },
    { limit: SHOWN, enabled: count > 0 },
  );
  const lines = count > 0 && !failed.isPlaceholderData ? (failed.data?.items ?? []) : [];
  return (
    <Panel
      title={say('failures')}
      extra={
        count > 0 && (
          <Flex gap={12} align="center">
            {may('operate') && count <= SHOWN && lines.length > 0 && (
              <Button size="small" onClick={() => setAsked(lines)}>
                {act('rerun')}
              </Button>
            )}
            <Link to={place('instances', { environment, bizdate, state: 'failed' })}>
              {say('all', { count: formatCount(count) })}
            </Link>
          </Flex>
        )
      }
    >
      <Problem error={failed.error} />
      {count === 0 && <Typography.Text type="secondary">{say('failuresNone')}</Typography.Text>}
      <Flex vertical gap={10} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {lines.map((line) => (
          <Failure key={line.id} line={line} />
        ))}
      </Flex>
      {asked && (
        <Suspense>
          <Rerun lines={asked} onClose={() => setAsked([])} />
        </Suspense>
      )}
    </Panel>
  );
}

function Failure({ line }: { line: InstanceLine }) {
  const say = useDashboardTexts();
  const { token } = theme.useToken();
  const place = usePlace();
  const { last } = line;
  const said = last?.message ?? say(last ? 'noReport' : 'stopped');
  return (
    <li style={{ borderInlineStart: `3px solid ${token.colorError}`, paddingInlineStart: 10 }}>
      <Flex gap={8} align="baseline" justify="space-between">
        <Link to={place(`instances/${line.id}`)}>{line['task-name']}</Link>
        {last?.code && (
          <Typography.Text code style={{ fontSize: 12, whiteSpace: 'nowrap' }}>
            {last.code}
          </Typography.Text>
        )}
      </Flex>
      <Typography.Text type="secondary" style={{ overflowWrap: 'anywhere' }}>
        {said}
      </Typography.Text>
    </li>
  );
}
