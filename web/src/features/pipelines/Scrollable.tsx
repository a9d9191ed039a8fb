import { type ReactNode, useEffect, useRef } from 'react';

const FRAMES = '.ant-table-body, .ant-table-content, .ant-table-tbody-virtual-holder';

/** Lets the keyboard scroll a table that is larger than its frame. */
export function Scrollable({ children }: { children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    for (const node of frame.current?.querySelectorAll(FRAMES) ?? []) node.setAttribute('tabindex', '0');
  });
  return <div ref={frame}>{children}</div>;
}
