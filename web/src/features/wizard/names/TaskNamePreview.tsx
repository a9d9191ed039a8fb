import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Flex, Typography, theme } from 'antd';
import { useMemo } from 'react';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { FindingList } from '@/ui/Findings';
import { Identifier, visible } from '@/ui/Identifier';
import { Problem } from '@/ui/Problem';
import { useDraft } from '../draft';
import type { TableId } from '../tables/reference';
import { useDebounced } from '../tables/useDebounced';
import { namingPart } from '../tables/useTargets';
import { useTexts } from './texts';

const TYPING_MS = 200;

/** What the tasks of the first table are called, as the service says. */
export function TaskNamePreview({
  first,
  sample,
}: {
  first: TableId & { isSample?: boolean };
  sample: string;
}) {
  const say = useTexts();
  const project = useProject();
  const { draft, name } = useDraft();
  const { schema, table } = first;
  const { source, destination, names, method } = draft;
  const rule = draft['task-names'];
  const asked = useMemo(
    () => ({
      bizdate: null,
      document: namingPart({ source, destination, names, method, 'task-names': rule }, name),
      tables: [{ schema, table }],
    }),
    [source, destination, names, method, rule, name, schema, table],
  );
  const settled = useDebounced(asked, TYPING_MS);
  const preview = useQuery({
    queryKey: ['migrations', project.id, 'task-names', settled],
    enabled: rule?.trim() !== '',
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    queryFn: () =>
      call(
        api.POST('/projects/{project}/migrations/preview', {
          params: { path: { project: project.id } },
          body: settled,
        }),
      ),
  });
  const { token } = theme.useToken();
  const isLate = settled !== asked || preview.isPlaceholderData;
  const unnamed = preview.data?.tables[0]?.finding;
  const findings = [...(preview.data?.findings ?? []), ...(unnamed ? [unnamed] : [])];
  return (
    <Flex
      vertical
      gap={4}
      role="status"
      aria-busy={isLate}
      style={{ padding: 12, background: token.colorFillQuaternary, borderRadius: token.borderRadius }}
    >
      <Typography.Text style={{ fontWeight: 500 }}>{say('preview')}</Typography.Text>
      <Typography.Text type="secondary">
        {table === sample && first.isSample
          ? say('previewSample')
          : say('previewOf', { table: visible(`${schema}.${table}`) })}
      </Typography.Text>
      {preview.data?.['task-names'].map((task) => (
        <Flex
          key={task}
          data-task-name={task}
          style={{ fontFamily: token.fontFamilyCode, opacity: isLate ? 0.8 : 1 }}
        >
          <Identifier name={task} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }} />
        </Flex>
      ))}
      {findings.length > 0 && <FindingList findings={findings} />}
      <Problem error={preview.error} />
    </Flex>
  );
}
