import { Flex, Typography, theme } from 'antd';
import type { CSSProperties, ReactNode } from 'react';
import { SeverityIcon } from '@/ui/Findings';
import type { FieldFinding } from './validate';

/** There for who listens, and not for who looks. */
export const UNSEEN: CSSProperties = {
  position: 'absolute',
  width: 1,
  height: 1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
};

/** One field: its label, itself, what is wrong with it, and what it is for. */
export function Row({
  id,
  path,
  label,
  column,
  required,
  help,
  findings,
  extra,
  children,
}: {
  id: string;
  path: string;
  label: string;
  column?: string;
  required?: boolean;
  help?: string;
  findings: readonly FieldFinding[];
  /** Beside the label. */
  extra?: ReactNode;
  children: ReactNode;
}) {
  const { token } = theme.useToken();
  return (
    <div data-path={path} style={{ minWidth: 0 }}>
      <Flex justify="space-between" align="baseline" gap={8} style={{ minHeight: 26 }}>
        <label id={`${id}-label`} htmlFor={id}>
          {label}
          {column && <span style={UNSEEN}> ({column})</span>}
          {required && (
            <span aria-hidden style={{ color: token.colorError, marginInlineStart: 4 }}>
              *
            </span>
          )}
        </label>
        {extra}
      </Flex>
      {children}
      <div id={`${id}-about`} style={{ fontSize: 13, lineHeight: 1.5 }}>
        <Said findings={findings} />
        {help && (
          <Typography.Text type="secondary" style={{ fontSize: 'inherit' }}>
            <Marked text={help} />
          </Typography.Text>
        )}
      </div>
    </div>
  );
}

/** A definition's text; what stands between backticks is code. */
export function Marked({ text = '' }: { text?: string }) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

/** What is wrong with a field. */
export function Said({ findings }: { findings: readonly FieldFinding[] }) {
  if (findings.length === 0) return null;
  return (
    <div role="alert">
      {findings.map((finding) => (
        <Flex key={`${finding.at} ${finding.message}`} gap={6} align="baseline">
          <SeverityIcon severity={finding.severity} label="" />
          <span style={{ overflowWrap: 'anywhere' }}>
            {finding.message}
            {finding.hint && (
              <Typography.Text type="secondary" style={{ fontSize: 'inherit' }}>
                {' '}
                {finding.hint}
              </Typography.Text>
            )}
          </span>
        </Flex>
      ))}
    </div>
  );
}

/** The colour that a control gets. */
export function statusOf(findings: readonly FieldFinding[]): 'error' | 'warning' | undefined {
  if (findings.some((finding) => finding.severity === 'blocker')) return 'error';
  return findings.some((finding) => finding.severity === 'warning') ? 'warning' : undefined;
}
