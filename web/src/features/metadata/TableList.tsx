import { Button, Table, type TableProps, Typography } from 'antd';
import { type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { bytes, count } from '@/ui/format';
import type { FoundTable } from './data';
import { useKind, useTexts } from './texts';

/** Tables, however many: only those in sight are drawn, and more are asked for at the end. */
export function TableList({
  tables,
  isLoading,
  onEnd,
  onOpen,
}: {
  tables: readonly FoundTable[];
  isLoading: boolean;
  onEnd: () => void;
  onOpen: (table: FoundTable) => void;
}) {
  const say = useTexts();
  const kind = useKind();
  const box = useRef<HTMLDivElement>(null);
  const height = useHeightBelow(box);
  const unknown = <Typography.Text type="secondary">–</Typography.Text>;
  const columns: TableProps<FoundTable>['columns'] = [
    {
      title: say('table'),
      key: 'table',
      width: 250,
      ellipsis: true,
      render: (_, one) => (
        <Button
          type="link"
          style={{ padding: 0, height: 'auto', maxWidth: '100%' }}
          title={one.table}
          onClick={() => onOpen(one)}
        >
          <span style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>{one.table}</span>
        </Button>
      ),
    },
    { title: say('schema'), dataIndex: 'schema', width: 120, ellipsis: true },
    { title: say('kind'), key: 'kind', width: 110, ellipsis: true, render: (_, one) => kind(one.kind) },
    {
      title: say('rows'),
      key: 'rows',
      width: 110,
      align: 'right',
      render: (_, one) => (one['estimated-rows'] == null ? unknown : count(one['estimated-rows'])),
    },
    {
      title: say('size'),
      key: 'size',
      width: 110,
      align: 'right',
      render: (_, one) => (one['estimated-bytes'] == null ? unknown : bytes(one['estimated-bytes'])),
    },
    { title: say('comment'), dataIndex: 'comment', ellipsis: true, width: 170 },
  ];
  return (
    <div ref={box}>
      <Table<FoundTable>
        virtual
        size="small"
        rowKey={(one) => `${one.schema}\n${one.table}`}
        columns={columns}
        dataSource={[...tables]}
        pagination={false}
        loading={isLoading}
        scroll={{ x: 870, y: height }}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          if (scrollHeight - scrollTop - clientHeight < 400) onEnd();
        }}
      />
    </div>
  );
}

/** The room between an element's top and the end of the window, without the table's own heading. */
function useHeightBelow(box: RefObject<HTMLElement | null>): number {
  const [height, setHeight] = useState(400);
  useLayoutEffect(() => {
    const measure = () => {
      const top = box.current?.getBoundingClientRect().top ?? 0;
      setHeight(Math.max(240, Math.floor(window.innerHeight - top - 40 - 32)));
    };
    measure();
    window.addEventListener('resize', measure);
    const seen = new ResizeObserver(measure);
    if (box.current?.parentElement) seen.observe(box.current.parentElement);
    return () => {
      window.removeEventListener('resize', measure);
      seen.disconnect();
    };
  }, [box]);
  return height;
}
