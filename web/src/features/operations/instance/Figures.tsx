import { Card, Flex, Typography, theme } from 'antd';
import { useEffect, useState } from 'react';
import { useProject } from '@/app/project';
import { bytes, count, duration, moment, secondsBetween } from '@/ui/format';
import type { TableReport } from '../common/report';
import type { Attempt } from '../common/types';
import { useInstanceTexts } from './texts';

/** What an attempt came to in numbers. */
export function Figures({ attempt, report }: { attempt: Attempt; report: TableReport | null }) {
  const say = useInstanceTexts();
  const { token } = theme.useToken();
  const zone = useProject()['time-zone'];
  const seconds = useSeconds(attempt);
  const figures: { label: string; value: string; note?: string; isBad?: boolean }[] = [
    {
      label: say('duration'),
      value: duration(seconds),
      note: `${moment(attempt['started-at'], zone)} → ${attempt['ended-at'] ? moment(attempt['ended-at'], zone).slice(11) : '…'}`,
    },
  ];
  const isPublished = report?.state === 'succeeded';
  if (report) {
    figures.push(
      { label: say('rowsRead'), value: count(report.rows_read) },
      { label: say(isPublished ? 'rowsWritten' : 'rowsStaged'), value: count(report.rows_written) },
      { label: say('rowsRejected'), value: count(report.rows_rejected), isBad: report.rows_rejected > 0 },
    );
    if (report.rows_filtered > 0)
      figures.push({ label: say('rowsFiltered'), value: count(report.rows_filtered) });
    figures.push({ label: say(isPublished ? 'stored' : 'bytesStaged'), value: bytes(report.bytes) });
    if (report.seconds > 0) {
      figures.push({ label: say('speed'), value: count(report.rows_read / report.seconds) });
    }
  }
  return (
    <Card size="small">
      <Flex gap="12px 40px" wrap component="dl" style={{ margin: 0 }}>
        {figures.map(({ label, value, note, isBad }) => (
          <div key={label}>
            <dt style={{ color: token.colorTextSecondary }}>{label}</dt>
            <dd style={{ margin: 0 }}>
              <span
                style={{
                  fontSize: 22,
                  fontVariantNumeric: 'tabular-nums',
                  fontWeight: isBad ? 600 : undefined,
                  color: isBad ? token.colorErrorText : undefined,
                }}
              >
                {value}
              </span>
              {note && (
                <div>
                  <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                    {note}
                  </Typography.Text>
                </div>
              )}
            </dd>
          </div>
        ))}
      </Flex>
    </Card>
  );
}

/** How long it took, or takes up to now. */
export function useSeconds({ 'started-at': start, 'ended-at': end }: Attempt): number {
  const [, tick] = useState(0);
  useEffect(() => {
    if (end != null) return;
    const timer = setInterval(() => tick((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, [end]);
  return secondsBetween(start, end);
}
