import { Card, type CardProps } from 'antd';
import { type ReactNode, useId } from 'react';

/** A part of the dashboard under its heading. */
export function Panel({
  title,
  extra,
  children,
  styles,
}: {
  title: string;
  extra?: ReactNode;
  children: ReactNode;
  styles?: CardProps['styles'];
}) {
  const id = useId();
  return (
    <Card
      size="small"
      role="region"
      aria-labelledby={id}
      title={
        <h2 id={id} style={{ margin: 0, fontSize: 15 }}>
          {title}
        </h2>
      }
      extra={extra}
      styles={styles}
      style={{ height: '100%' }}
    >
      {children}
    </Card>
  );
}
