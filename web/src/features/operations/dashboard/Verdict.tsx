import { CheckCircleFilled, CloseCircleFilled, MinusCircleOutlined, SyncOutlined } from '@ant-design/icons';
import { Flex, theme } from 'antd';
import { Link } from 'react-router';
import { count, bizdate as written } from '@/ui/format';
import { STATE_HUES, STATES, useStateTexts } from '@/ui/StateTag';
import { Surface } from '@/ui/Surface';
import { useEnvironment } from '../common/environment';
import { usePlace } from '../common/links';
import type { StateCounts } from '../common/types';
import { useDashboardTexts } from './texts';

/** How the day stands, in one sentence, and how many are in each state. */
export function Verdict({ bizdate, counts }: { bizdate: string; counts: StateCounts }) {
  const { token } = theme.useToken();
  const say = useDashboardTexts();
  const all = Object.values(counts).reduce((sum, more) => sum + more, 0);
  const failed = counts.failed ?? 0;
  const open = all - failed - (counts.succeeded ?? 0);
  const sentence =
    all === 0
      ? say('nothing')
      : failed > 0
        ? say('someFailed', { count: failed, all: count(all) })
        : open > 0
          ? say('underWay', { count: open, all: count(all) })
          : say('allDone', { count: all });
  const icon =
    all === 0 ? (
      <MinusCircleOutlined aria-hidden style={{ color: token.colorTextSecondary }} />
    ) : failed > 0 ? (
      <CloseCircleFilled aria-hidden style={{ color: token.colorError }} />
    ) : open > 0 ? (
      <SyncOutlined aria-hidden style={{ color: token.colorInfo }} />
    ) : (
      <CheckCircleFilled aria-hidden style={{ color: token.colorSuccess }} />
    );
  return (
    <Surface style={{ padding: 20 }}>
      <Flex gap="16px 32px" justify="space-between" align="center" wrap>
        <Flex gap={16} align="center">
          <span style={{ fontSize: 34, lineHeight: 1 }}>{icon}</span>
          <div aria-live="polite">
            <div style={{ fontSize: 20, fontWeight: 600 }}>{sentence}</div>
            <div style={{ color: token.colorTextSecondary }}>
              {say('ofDay', { bizdate: written(bizdate) })}
              {failed > 0 && open > 0 && ` · ${say('stillOpen', { count: open })}`}
            </div>
          </div>
        </Flex>
        <States bizdate={bizdate} counts={counts} />
      </Flex>
    </Surface>
  );
}

function States({ bizdate, counts }: { bizdate: string; counts: StateCounts }) {
  const { token } = theme.useToken();
  const states = useStateTexts();
  const place = usePlace();
  const environment = useEnvironment();
  return (
    <Flex gap={8} wrap component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {STATES.filter((state) => (counts[state] ?? 0) > 0).map((state) => (
        <li key={state}>
          <Link
            to={place('instances', { environment, bizdate, state })}
            style={{
              display: 'block',
              minWidth: 84,
              padding: '6px 14px',
              color: token.colorText,
              border: `1px solid ${token.colorBorder}`,
              borderBlockEnd: `3px solid ${STATE_HUES[state]}`,
              borderRadius: token.borderRadius,
            }}
          >
            <span style={{ display: 'block', fontSize: 20, fontVariantNumeric: 'tabular-nums' }}>
              {count(counts[state] ?? 0)}
            </span>
            <span style={{ color: token.colorTextSecondary, fontSize: 13 }}>{states(state)}</span>
          </Link>
        </li>
      ))}
    </Flex>
  );
}
