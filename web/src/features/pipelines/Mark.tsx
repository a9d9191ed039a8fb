import { Tag, theme } from 'antd';
import type { ReactNode } from 'react';

export type Tone = 'plain' | 'good' | 'due' | 'attention';

/** A word about how far something has gone; its tone is a point beside it, so that the word stays easy to read. */
export function Mark({
  tone = 'plain',
  icon,
  children,
}: {
  tone?: Tone;
  icon?: ReactNode;
  children: ReactNode;
}) {
  const { token } = theme.useToken();
  const colours: Record<Tone, string> = {
    plain: token.colorTextQuaternary,
    good: token.colorSuccess,
    due: token.colorPrimary,
    attention: token.colorWarning,
  };
  return (
    <Tag style={{ color: token.colorText, background: token.colorFillTertiary }}>
      {icon && <span style={{ marginInlineEnd: 5 }}>{icon}</span>}
      {!icon && tone !== 'plain' && (
        <span
          aria-hidden
          style={{
            display: 'inline-block',
            width: 7,
            height: 7,
            borderRadius: '50%',
            background: colours[tone],
            marginInlineEnd: 6,
            verticalAlign: 'middle',
          }}
        />
      )}
      {children}
    </Tag>
  );
}
