import { Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { bizdate, moment } from '@/ui/format';
import { InstanceStateTags } from './InstanceState';
import { usePlace } from './links';
import { useOperationTexts } from './texts';
import type { InstanceLine } from './types';
import { Why } from './Why';

/** A short list of instances: what waits for what, what a task ran last. */
export function InstanceLines({
  lines,
  label,
  withTask = true,
  more = [],
}: {
  lines: readonly InstanceLine[];
  label: string;
  withTask?: boolean;
  more?: TableColumnsType<InstanceLine>;
}) {
  const say = useOperationTexts();
  const project = useProject();
  const place = usePlace();
  const columns: TableColumnsType<InstanceLine> = [
    {
      key: 'what',
      title: say(withTask ? 'task' : 'bizdate'),
      render: (_, line) => (
        <Link to={place(`instances/${line.id}`)}>
          {withTask ? `${line['task-name']} · ${bizdate(line.bizdate)}` : bizdate(line.bizdate)}
        </Link>
      ),
    },
    {
      key: 'state',
      title: say('state'),
      render: (_, line) => (
        <>
          <InstanceStateTags line={line} /> <Why line={line} />
        </>
      ),
    },
    { key: 'kind', title: say('kind'), render: (_, line) => say(line.kind) },
    {
      key: 'since',
      title: say('since'),
      render: (_, line) => <time dateTime={line.since}>{moment(line.since, project['time-zone'])}</time>,
    },
    ...more,
  ];
  return (
    <Table
      aria-label={label}
      rowKey="id"
      size="small"
      columns={columns}
      dataSource={[...lines]}
      pagination={lines.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
    />
  );
}
