import { Button, Flex, Select, Table, type TableColumnsType, Typography } from 'antd';
import { useId } from 'react';
import { stringify } from 'yaml';
import { useProject } from '@/app/project';
import { CodeEditor } from '@/ui/CodeEditor';
import { Empty } from '@/ui/Empty';
import { moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useSearch } from '@/ui/useSearch';
import { Differences } from '../Differences';
import { ExpandButton } from '../ExpandButton';
import { Mark } from '../Mark';
import { useNameOf, useVersions, type Version } from '../queries';
import { at } from '../script';
import type { Draft } from './useDraft';

const useTexts = defineTexts(
  'pipeline-versions',
  {
    none: 'No versions yet',
    noneHint: 'Each submission makes one.',
    number: 'Version',
    remark: 'Remark',
    when: 'Submitted',
    by: 'By',
    submitted: 'Last submitted',
    production: 'In production',
    compare: 'Compare',
    with: 'with',
    older: 'Older version',
    newer: 'Newer version',
    takeOver: 'Take into the editor',
    script: 'Version {{number}} as a script',
    versionShort: 'Version {{number}}',
    details: 'Show what version {{number}} said',
    hide: 'Hide what version {{number}} said',
  },
  {
    none: '还没有版本',
    noneHint: '每次提交会生成一个版本。',
    number: '版本',
    remark: '备注',
    when: '提交时间',
    by: '提交人',
    submitted: '最近提交',
    production: '生产环境',
    compare: '比较',
    with: '与',
    older: '较早版本',
    newer: '较新版本',
    takeOver: '载入编辑器',
    script: '版本 {{number}} 的脚本',
    versionShort: '版本 {{number}}',
    details: '展开版本 {{number}} 的内容',
    hide: '收起版本 {{number}} 的内容',
  },
);

/** The versions of a pipeline; what two of them differ in; an older one can be taken up again. */
export function VersionsTab({ draft, onTakeOver }: { draft: Draft; onTakeOver: (() => void) | undefined }) {
  const say = useTexts();
  const project = useProject();
  const nameOf = useNameOf();
  const { pipeline } = draft;
  const versions = useVersions(pipeline.id);
  if (versions.isError) return <Problem error={versions.error} />;
  if (versions.data?.length === 0) return <Empty title={say('none')}>{say('noneHint')}</Empty>;
  const columns: TableColumnsType<Version> = [
    {
      title: say('number'),
      width: 240,
      render: (_, { number }) => (
        <Flex gap={6} align="center">
          {number}
          {number === pipeline.published && <Mark tone="good">{say('production')}</Mark>}
          {number === pipeline.submitted && <Mark tone="due">{say('submitted')}</Mark>}
        </Flex>
      ),
    },
    { title: say('remark'), dataIndex: 'remark', render: (remark: string) => remark || '—' },
    {
      title: say('when'),
      width: 180,
      render: (_, version) => moment(version['made-at'], project['time-zone']),
    },
    { title: say('by'), width: 160, render: (_, version) => nameOf(version['made-by']) },
  ];
  const takeOver = (version: Version) => {
    draft.setText(scriptOf(version));
    onTakeOver?.();
  };
  return (
    <Flex vertical gap={16}>
      {versions.data && versions.data.length > 1 && (
        <Compared pipeline={pipeline.id} versions={versions.data} published={pipeline.published ?? null} />
      )}
      <Table<Version>
        size="small"
        rowKey="number"
        loading={versions.isPending}
        columns={columns}
        dataSource={versions.data}
        pagination={(versions.data?.length ?? 0) > 20 ? { pageSize: 20, showSizeChanger: false } : false}
        expandable={{
          expandedRowRender: (version) => (
            <Flex vertical gap={8} align="stretch">
              <CodeEditor
                label={say('script', { number: version.number })}
                language="yaml"
                height={280}
                value={scriptOf(version)}
              />
              {onTakeOver && (
                <Button style={{ alignSelf: 'start' }} onClick={() => takeOver(version)}>
                  {say('takeOver')}
                </Button>
              )}
            </Flex>
          ),
          expandIcon: ({ expanded, onExpand, record }) => (
            <ExpandButton
              expanded={expanded}
              label={say(expanded ? 'hide' : 'details', { number: record.number })}
              onExpand={(event) => onExpand(record, event)}
            />
          ),
        }}
      />
    </Flex>
  );
}

function scriptOf(version: Version): string {
  return stringify({ migration: at(version.body, ['document']) ?? {} }, { lineWidth: 0 });
}

function Compared({
  pipeline,
  versions,
  published,
}: {
  pipeline: string;
  versions: Version[];
  published: number | null;
}) {
  const say = useTexts();
  const id = useId();
  const { get, set } = useSearch();
  const newest = versions[0]?.number ?? 1;
  const now = Number(get('new') ?? newest);
  const usual = published !== null && published < now ? published : now - 1;
  const old = Number(get('old') ?? Math.max(usual, 1));
  const options = versions.map(({ number, remark }) => ({
    value: number,
    label: remark ? `${say('versionShort', { number })} · ${remark}` : say('versionShort', { number }),
  }));
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} align="center" wrap>
        <Typography.Text id={id}>{say('compare')}</Typography.Text>
        <Select
          aria-label={say('older')}
          style={{ width: 220 }}
          value={old}
          options={options}
          onChange={(value) => set({ old: String(value) })}
        />
        <span>{say('with')}</span>
        <Select
          aria-label={say('newer')}
          style={{ width: 220 }}
          value={now}
          options={options}
          onChange={(value) => set({ new: String(value) })}
        />
      </Flex>
      <Differences pipeline={pipeline} old={old} now={now} />
    </Flex>
  );
}
