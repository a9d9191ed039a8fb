import { Flex, theme } from 'antd';
import { type ReactNode, useId } from 'react';
import { Surface } from '@/ui/Surface';

/** A part of the dashboard under its heading. */
export function Panel({ title, extra, children }: { title: string; extra?: ReactNode; children: ReactNode }) {
  const id = useId();
  const { token } = theme.useToken();
  return (
    <Surface aria-labelledby={id} style={{ height: '100%' }}>
      <Flex
        justify="space-between"
        align="center"
        gap={12}
        style={{
          minHeight: 40,
          padding: '4px 16px',
          borderBlockEnd: `1px solid ${token.colorBorderSecondary}`,
        }}
      >
        <h2 id={id} style={{ margin: 0, fontSize: 15 }}>
          {title}
        </h2>
        {extra}
      </Flex>
      <div style={{ padding: '12px 16px' }}>{children}</div>
    </Surface>
  );
}
