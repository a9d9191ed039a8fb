import { Checkbox, Flex, Input, Table, type TableColumnsType, Typography } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { useSearch } from '@/ui/useSearch';
import { Differences } from '../Differences';
import { ExpandButton } from '../ExpandButton';
import { Mark } from '../Mark';
import type { Pipeline } from '../queries';
import { Remark, Submitted, Tables } from './cells';
import { useTexts } from './texts';

const PAGE = 50;

/** Pipelines of which some are chosen to go out; each opens to what differs from what is in production. */
export function PipelineTable({
  pipelines,
  isPending,
  chosen,
  onChoose,
  action,
}: {
  pipelines: Pipeline[] | undefined;
  isPending: boolean;
  chosen: readonly string[];
  /** Left out where nothing may be chosen. */
  onChoose?: (chosen: string[]) => void;
  action: ReactNode;
}) {
  const say = useTexts();
  const project = useProject();
  const { get, set } = useSearch();
  const search = get('containing') ?? '';
  const rows = (pipelines ?? []).filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  const columns: TableColumnsType<Pipeline> = [
    {
      title: say('name'),
      render: (_, { id, name }) => (
        <Link to={`/p/${project.id}/pipelines/${id}`} style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Link>
      ),
    },
    { title: say('tables'), ellipsis: true, width: '22%', render: (_, one) => <Tables pipeline={one} /> },
    ...(project.mode === 'basic'
      ? []
      : ([
          { title: say('submitted'), width: 172, render: (_, one) => <Submitted pipeline={one} /> },
          { title: say('remark'), width: '17%', render: (_, one) => <Remark pipeline={one} /> },
          {
            title: say('production'),
            width: 120,
            render: (_, { published }) =>
              published == null ? (
                <Mark tone="due">{say('new')}</Mark>
              ) : (
                say('version', { number: published })
              ),
          },
        ] satisfies TableColumnsType<Pipeline>)),
  ];
  return (
    <Flex vertical gap={12}>
      <Flex justify="space-between" gap={12} wrap>
        <Input.Search
          allowClear
          style={{ width: 280 }}
          aria-label={say('search')}
          placeholder={say('search')}
          value={search}
          onChange={(event) => set({ containing: event.target.value })}
        />
        {action}
      </Flex>
      <Table<Pipeline>
        size="small"
        rowKey="id"
        loading={isPending}
        columns={columns}
        dataSource={rows}
        rowSelection={
          onChoose && {
            selectedRowKeys: [...chosen],
            preserveSelectedRowKeys: true,
            onChange: (keys) => onChoose(keys.map(String)),
            renderCell: (checked, { name }, _, node) => withName(node, name, checked),
            getTitleCheckboxProps: () => ({ 'aria-label': say('name') }),
            getCheckboxProps: ({ name }) => ({ name, 'aria-label': name }),
            selections: [Table.SELECTION_ALL, Table.SELECTION_NONE],
          }
        }
        pagination={rows.length > PAGE ? { pageSize: PAGE, showSizeChanger: false } : false}
        expandable={
          project.mode === 'basic'
            ? undefined
            : {
                expandedRowRender: ({ id, submitted, published }) =>
                  submitted == null || published == null ? (
                    <Typography.Text type="secondary">{say('firstTime')}</Typography.Text>
                  ) : (
                    <Differences pipeline={id} old={published} now={submitted} />
                  ),
                expandIcon: ({ expanded, onExpand, record }) => (
                  <ExpandButton
                    expanded={expanded}
                    label={say(expanded ? 'hideDifferences' : 'differences', { name: record.name })}
                    onExpand={(event) => onExpand(record, event)}
                  />
                ),
              }
        }
      />
    </Flex>
  );
}

/** Ant Design's own box where it made one; named either way. */
function withName(node: ReactNode, name: string, checked: boolean): ReactNode {
  return node ?? <Checkbox aria-label={name} checked={checked} />;
}
