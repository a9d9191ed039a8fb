import { theme } from 'antd';
import type { CSSProperties, ReactNode } from 'react';

/** A text that says that something is wrong, or to be looked at, in a colour that can be read on any ground. */
export function ToneText({
  tone,
  children,
  style,
}: {
  tone: 'wrong' | 'caution';
  children: ReactNode;
  style?: CSSProperties;
}) {
  const { token } = theme.useToken();
  return <span style={{ color: tone === 'wrong' ? token.red8 : token.gold8, ...style }}>{children}</span>;
}
