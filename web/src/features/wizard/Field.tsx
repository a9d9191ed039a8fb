import { Flex, Typography, theme } from 'antd';
import { type ReactNode, useId } from 'react';
import type { Schemas } from '@/api/client';
import { SeverityIcon } from '@/ui/Findings';
import { defineTexts } from '@/ui/texts';
import { useDraft } from './draft';
import { pathOf } from './sections';

const useTexts = defineTexts(
  'wizard-field',
  { blocker: 'Blocker', warning: 'Warning', note: 'Note', optional: 'optional' },
  { blocker: '阻断', warning: '警告', note: '提示', optional: '可选' },
);

/** Findings at a path; `below` takes what is under it, too. */
export function useFindingsAt(at: string, below = true): readonly Schemas['Finding'][] {
  const { findings } = useDraft();
  return findings.filter((finding) => {
    const path = pathOf(finding);
    return path === at || (below && (path.startsWith(`${at}.`) || path.startsWith(`${at}[`)));
  });
}

/** A field with its name, its explanation and what is wrong with it. */
export function Field({
  at,
  label,
  help,
  isOptional = false,
  isGroup = false,
  below = true,
  width,
  children,
}: {
  /** The path of the document, as findings have it. */
  at: string;
  label: string;
  help?: ReactNode;
  isOptional?: boolean;
  /** Several controls, such as radio buttons: named as a group. */
  isGroup?: boolean;
  below?: boolean;
  width?: number | string;
  children: ReactNode | ((id: string, describedBy: string) => ReactNode);
}) {
  const say = useTexts();
  const id = useId();
  const findings = useFindingsAt(at, below);
  const name = (
    <>
      {label}
      {isOptional && (
        <Typography.Text type="secondary" style={{ fontSize: 12, marginInlineStart: 6 }}>
          {say('optional')}
        </Typography.Text>
      )}
    </>
  );
  const content = typeof children === 'function' ? children(id, `${id}-help`) : children;
  const style = { maxWidth: '100%', width, minWidth: 0, border: 0, padding: 0, margin: 0 };
  const inner = (
    <Flex vertical gap={4}>
      {content}
      <div id={`${id}-help`}>
        {help && (
          <Typography.Text type="secondary" style={{ fontSize: 13 }}>
            {help}
          </Typography.Text>
        )}
        <Said findings={findings} say={say} />
      </div>
    </Flex>
  );
  if (isGroup) {
    return (
      <fieldset data-at={at} style={style}>
        <legend style={{ padding: 0, marginBottom: 6, fontWeight: 500 }}>{name}</legend>
        {inner}
      </fieldset>
    );
  }
  return (
    <div data-at={at} style={style}>
      <label htmlFor={id} style={{ display: 'block', marginBottom: 6, fontWeight: 500 }}>
        {name}
      </label>
      {inner}
    </div>
  );
}

function Said({
  findings,
  say,
}: {
  findings: readonly Schemas['Finding'][];
  say: ReturnType<typeof useTexts>;
}) {
  const { token } = theme.useToken();
  return findings.slice(0, 5).map((finding, index) => (
    <Flex key={index} gap={6} align="baseline" role="status" data-code={finding.code}>
      <SeverityIcon severity={finding.severity} label={say(finding.severity)} />
      <span style={{ color: finding.severity === 'blocker' ? token.colorErrorText : undefined }}>
        {finding.message}
        {finding.hint && <Typography.Text type="secondary"> · {finding.hint}</Typography.Text>}
      </span>
    </Flex>
  ));
}
