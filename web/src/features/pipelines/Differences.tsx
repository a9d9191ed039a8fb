import { useQuery } from '@tanstack/react-query';
import { Table, type TableColumnsType, Typography, theme } from 'antd';
import { api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';

type Difference = Schemas['Difference'];

const useTexts = defineTexts(
  'pipeline-differences',
  {
    at: 'Where',
    old: 'Version {{number}}',
    new: 'Version {{number}}',
    same: 'The two say the same.',
    nothing: 'nothing',
  },
  {
    at: '位置',
    old: '版本 {{number}}',
    new: '版本 {{number}}',
    same: '两者内容相同。',
    nothing: '无',
  },
);

/** What differs between two versions of a pipeline, key by key. */
export function Differences({ pipeline, old, now }: { pipeline: string; old: number; now: number }) {
  const say = useTexts();
  const project = useProject();
  const found = useQuery({
    queryKey: ['pipelines', project.id, 'differences', pipeline, old, now],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () =>
      (
        await call(
          api.GET('/projects/{project}/pipelines/{pipeline}/differences', {
            params: { path: { project: project.id, pipeline }, query: { old, new: now } },
          }),
        )
      ).items,
  });
  const columns: TableColumnsType<Difference> = [
    {
      title: say('at'),
      dataIndex: 'at',
      width: '34%',
      render: (at: string) => <Typography.Text code>{at}</Typography.Text>,
    },
    { title: say('old', { number: old }), render: (_, one) => <Said value={one.old} kind="old" /> },
    { title: say('new', { number: now }), render: (_, one) => <Said value={one.new} kind="new" /> },
  ];
  if (found.isError) return <Problem error={found.error} />;
  if (found.data?.length === 0) return <Typography.Text type="secondary">{say('same')}</Typography.Text>;
  return (
    <Table<Difference>
      size="small"
      rowKey="at"
      loading={found.isPending}
      pagination={false}
      columns={columns}
      dataSource={found.data}
    />
  );
}

function Said({ value, kind }: { value: unknown; kind: 'old' | 'new' }) {
  const say = useTexts();
  const { token } = theme.useToken();
  if (value == null) return <Typography.Text type="secondary">{say('nothing')}</Typography.Text>;
  const sign = kind === 'old' ? '−' : '+';
  return (
    <span
      style={{
        background: kind === 'old' ? token.colorErrorBg : token.colorSuccessBg,
        fontFamily: token.fontFamilyCode,
        fontSize: 12,
        padding: '1px 6px',
        borderRadius: 4,
        overflowWrap: 'anywhere',
      }}
    >
      <span aria-hidden>{sign}</span> {typeof value === 'string' ? value : JSON.stringify(value)}
    </span>
  );
}
