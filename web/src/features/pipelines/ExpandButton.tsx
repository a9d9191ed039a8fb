import { DownOutlined, RightOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import type { MouseEvent } from 'react';

/** Opens what is below a row, by mouse and keyboard. */
export function ExpandButton({
  expanded,
  label,
  onExpand,
}: {
  expanded: boolean;
  label: string;
  onExpand: (event: MouseEvent<HTMLElement>) => void;
}) {
  return (
    <Button
      type="text"
      size="small"
      icon={expanded ? <DownOutlined /> : <RightOutlined />}
      aria-expanded={expanded}
      aria-label={label}
      onClick={onExpand}
    />
  );
}
