import { CopyOutlined } from '@ant-design/icons';
import { useVirtualizer } from '@tanstack/react-virtual';
import { App, Button, Flex, Switch, Typography, theme } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { Empty } from '@/ui/Empty';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { useOperationTexts } from '../common/texts';
import type { Attempt, InstanceShown } from '../common/types';
import { useLog } from './log';
import { useInstanceTexts } from './texts';

const LINE = 22;

/** The log of an attempt: as it grows while it runs. */
export function LogView({ instance, attempt }: { instance: InstanceShown; attempt: Attempt | undefined }) {
  const say = useInstanceTexts();
  const general = useOperationTexts();
  const { message } = App.useApp();
  const isRunning = attempt !== undefined && attempt['ended-at'] === null;
  const [follow, setFollow] = useState(true);
  const log = useLog(instance.id, attempt?.number, isRunning);
  if (attempt === undefined) return <Empty title={say('noAttempt')}>{say('noAttemptMore')}</Empty>;
  if (log.isPending) return <Waiting />;
  const lines = log.data ?? [];
  const copy = async () => {
    await navigator.clipboard.writeText(lines.join('\n'));
    void message.success(general('copied'));
  };
  return (
    <Flex vertical gap={8}>
      <Problem error={log.error} />
      <Flex gap={16} align="center" justify="end">
        {isRunning && (
          <Flex gap={8} align="center" component="label">
            <Switch size="small" checked={follow} onChange={setFollow} aria-label={say('follow')} />
            {say('follow')}
          </Flex>
        )}
        {window.isSecureContext && lines.length > 0 && (
          <Button size="small" icon={<CopyOutlined />} onClick={() => void copy()}>
            {say('copyLog')}
          </Button>
        )}
      </Flex>
      {lines.length === 0 ? (
        <Typography.Text type="secondary">{say('noLog')}</Typography.Text>
      ) : (
        <Lines lines={lines} follows={isRunning && follow} label={say('log')} />
      )}
    </Flex>
  );
}

function Lines({ lines, follows, label }: { lines: readonly string[]; follows: boolean; label: string }) {
  const { token } = theme.useToken();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 20,
  });
  useEffect(() => {
    if (follows) virtual.scrollToIndex(lines.length - 1);
  }, [follows, lines.length, virtual]);
  return (
    <div
      ref={box}
      role="log"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
      tabIndex={0}
      style={{
        maxHeight: 420,
        overflow: 'auto',
        padding: '8px 0',
        border: `1px solid ${token.colorBorderSecondary}`,
        borderRadius: token.borderRadius,
        background: token.colorFillQuaternary,
        fontFamily: token.fontFamilyCode,
        fontSize: 13,
      }}
    >
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => (
          <div
            key={index}
            ref={virtual.measureElement}
            data-index={index}
            style={{
              position: 'absolute',
              insetInline: 0,
              transform: `translateY(${start}px)`,
              display: 'flex',
              lineHeight: `${LINE}px`,
            }}
          >
            <span
              aria-hidden
              style={{
                flex: '0 0 48px',
                paddingInlineEnd: 12,
                textAlign: 'end',
                color: token.colorTextTertiary,
                userSelect: 'none',
              }}
            >
              {index + 1}
            </span>
            <span
              style={{
                flex: 1,
                whiteSpace: 'pre-wrap',
                overflowWrap: 'anywhere',
                color: isComplaint(lines[index] ?? '') ? token.colorErrorText : undefined,
              }}
            >
              {lines[index]}
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

/** What went wrong begins with its code. */
function isComplaint(line: string): boolean {
  return (
    /^[A-Z][A-Z0-9_]{3,}: /.test(line) ||
    line.startsWith('refused: ') ||
    line.startsWith('nothing was published')
  );
}
