import { Breadcrumb, Flex, Typography } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { Link } from 'react-router';

/** A page: its heading, what can be done on it, its content. The heading is the browser tab's title too. */
export function Page({
  title,
  above,
  extra,
  intro,
  children,
}: {
  title: string;
  /** The way back: what it is called, and where it is. */
  above?: { title: string; to: string }[];
  extra?: ReactNode;
  intro?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Godwit`;
  }, [title]);
  return (
    <Flex vertical gap={16} style={{ padding: 24, minHeight: '100%' }}>
      <div>
        {above && (
          <Breadcrumb
            items={[...above.map((step) => ({ title: <Link to={step.to}>{step.title}</Link> })), { title }]}
          />
        )}
        <Flex justify="space-between" align="center" gap={16} wrap>
          <Typography.Title level={1} style={{ margin: 0, fontSize: 22, overflowWrap: 'anywhere' }}>
            {title}
          </Typography.Title>
          {extra && (
            <Flex gap={8} wrap>
              {extra}
            </Flex>
          )}
        </Flex>
        {intro && <Typography.Text type="secondary">{intro}</Typography.Text>}
      </div>
      {children}
    </Flex>
  );
}
