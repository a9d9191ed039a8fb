import { Flex, Typography, theme } from 'antd';
import type { ReactNode } from 'react';
import { Marked, Said } from './Row';
import { findingsAt, useScope } from './scope';

/** A field that is made of others: its heading, and they behind a line. */
export function Frame({
  path,
  label,
  help,
  extra,
  children,
}: {
  path: string;
  label: string;
  help?: string;
  extra?: ReactNode;
  children?: ReactNode;
}) {
  const { token } = theme.useToken();
  const scope = useScope();
  return (
    <fieldset data-path={path} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <legend style={{ padding: 0, width: '100%' }}>
        <Flex justify="space-between" align="center" gap={8} style={{ minHeight: 26 }}>
          <Typography.Text strong>{label}</Typography.Text>
          {extra}
        </Flex>
      </legend>
      <Said findings={findingsAt(scope, path, false)} />
      {help && (
        <Typography.Text type="secondary" style={{ fontSize: 13 }}>
          <Marked text={help} />
        </Typography.Text>
      )}
      {children && (
        <div
          style={{
            borderInlineStart: `2px solid ${token.colorBorderSecondary}`,
            paddingInlineStart: 16,
            marginBlockStart: 8,
          }}
        >
          {children}
        </div>
      )}
    </fieldset>
  );
}
