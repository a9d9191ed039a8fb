import { CloseCircleFilled, InfoCircleFilled, WarningFilled } from '@ant-design/icons';
import { Button, Flex, Typography, theme } from 'antd';
import type { Schemas } from '@/api/client';
import { Code } from './Code';
import { defineTexts } from './texts';

const useTexts = defineTexts(
  'findings',
  { blocker: 'Blocker', warning: 'Warning', note: 'Note', show: 'Show', none: 'No findings' },
  { blocker: '阻断', warning: '警告', note: '提示', show: '定位', none: '没有发现问题' },
);

type Finding = Schemas['Finding'];

const ORDER = { blocker: 0, warning: 1, note: 2 } as const;

/** Findings, the gravest first; `onShow` jumps to the field that a finding is about. */
export function FindingList({
  findings,
  onShow,
}: {
  findings: readonly Finding[];
  onShow?: (finding: Finding) => void;
}) {
  const say = useTexts();
  const sorted = [...findings].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  if (sorted.length === 0) return <Typography.Text type="secondary">{say('none')}</Typography.Text>;
  return (
    <Flex vertical gap={6} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {sorted.map((finding, index) => (
        <li key={index} data-code={finding.code}>
          <Flex gap={8} align="baseline">
            <SeverityIcon severity={finding.severity} label={say(finding.severity)} />
            <div style={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
              {finding.at && (
                <Typography.Text code style={{ fontSize: 12 }}>
                  {finding.at}
                </Typography.Text>
              )}{' '}
              {finding.message} <Code code={finding.code} />
              {finding.hint && (
                <div>
                  <Typography.Text type="secondary">{finding.hint}</Typography.Text>
                </div>
              )}
            </div>
            {onShow && finding.at && (
              <Button size="small" type="link" onClick={() => onShow(finding)}>
                {say('show')}
              </Button>
            )}
          </Flex>
        </li>
      ))}
    </Flex>
  );
}

/** The sign of a severity; without a label it is an ornament of what says it. */
export function SeverityIcon({ severity, label }: { severity: Finding['severity']; label: string }) {
  const { token } = theme.useToken();
  const said = label === '' ? { 'aria-hidden': true } : { 'aria-label': label };
  switch (severity) {
    case 'blocker':
      return <CloseCircleFilled {...said} style={{ color: token.colorError }} />;
    case 'warning':
      return <WarningFilled {...said} style={{ color: token.colorWarning }} />;
    default:
      return <InfoCircleFilled {...said} style={{ color: token.colorInfo }} />;
  }
}
