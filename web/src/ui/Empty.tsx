import { Empty as AntEmpty, Flex, Typography } from 'antd';
import type { ReactNode } from 'react';

/** Nothing here yet: what this place is for, and what to do next. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <AntEmpty
      image={AntEmpty.PRESENTED_IMAGE_SIMPLE}
      style={{ padding: '32px 0' }}
      description={
        <Flex vertical gap={4}>
          <Typography.Text strong>{title}</Typography.Text>
          {children && <Typography.Text type="secondary">{children}</Typography.Text>}
        </Flex>
      }
    >
      {action}
    </AntEmpty>
  );
}
