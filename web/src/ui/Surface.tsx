import { theme } from 'antd';
import type { ComponentProps } from 'react';

/** A part of a page on a ground of its own. */
export function Surface({ style, ...rest }: ComponentProps<'section'>) {
  const { token } = theme.useToken();
  return (
    <section
      {...rest}
      style={{
        background: token.colorBgContainer,
        border: `1px solid ${token.colorBorderSecondary}`,
        borderRadius: token.borderRadiusLG,
        ...style,
      }}
    />
  );
}
