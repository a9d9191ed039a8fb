import { Table, type TableColumnsType, Tooltip, Typography } from 'antd';
import { memo } from 'react';
import { Empty } from '@/ui/Empty';
import { count, moment } from '@/ui/format';
import { AuditDetail } from './AuditDetail';
import { withNames } from './changes';
import { actionText, type Line, nameOf, projectOf } from './line';
import { useAuditTexts } from './texts';

/** Above so many lines only those in sight are drawn. */
const MANY = 300;

/** Lines as a table; drawn anew only when they change, and not with each letter of a filter. */
export const LinesTable = memo(function LinesTable({
  lines,
  known,
  zone,
  withProject,
}: {
  lines: Line[];
  /** What ids stand for. */
  known: Record<string, string>;
  zone?: string;
  withProject: boolean;
}) {
  const say = useAuditTexts();
  const columns: TableColumnsType<Line> = [
    { title: say('when'), dataIndex: 'at', width: 172, render: (at: string) => moment(at, zone) },
    {
      title: say('who'),
      dataIndex: 'person',
      width: 150,
      ellipsis: true,
      render: (person: string) => (person ? (known[person] ?? person) : say('system')),
    },
    {
      title: say('what'),
      dataIndex: 'action',
      width: 220,
      render: (code: string) => <Tooltip title={code}>{actionText(code)}</Tooltip>,
    },
    {
      title: say('subject'),
      dataIndex: 'subject',
      ellipsis: true,
      render: (subject: string, line) => nameOf(line) ?? withNames(subject, known),
    },
    ...(withProject
      ? [
          {
            title: say('project'),
            dataIndex: 'project',
            width: 150,
            ellipsis: true,
            render: (_: unknown, line: Line) => known[projectOf(line)] ?? projectOf(line),
          },
        ]
      : []),
    { title: say('from'), dataIndex: 'address', width: 130, ellipsis: true },
    {
      title: say('line'),
      dataIndex: 'sequence',
      width: 80,
      align: 'right',
      render: (sequence: number) => <Typography.Text type="secondary">{count(sequence)}</Typography.Text>,
    },
  ];
  return (
    <Table<Line>
      size="small"
      rowKey="sequence"
      dataSource={lines}
      columns={columns}
      pagination={false}
      virtual={lines.length > MANY}
      scroll={lines.length > MANY ? { x: 1120, y: 640 } : { x: 1120 }}
      locale={{ emptyText: <Empty title={say('empty')}>{say('empty-hint')}</Empty> }}
      expandable={{
        expandRowByClick: true,
        columnWidth: 48,
        expandedRowRender: (line) => <AuditDetail line={line} names={known} />,
      }}
    />
  );
});
