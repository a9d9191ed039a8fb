import { Flex, Typography } from 'antd';
import type { ReactNode } from 'react';
import { useProject } from '@/app/project';
import { moment } from '@/ui/format';
import { Mark } from '../Mark';
import { type Pipeline, useNameOf, useVersions, type Version } from '../queries';
import { at, documentsAgree } from '../script';
import { useTexts } from './texts';

/** The version of a pipeline with this number; asked for each row that is in sight. */
function useVersion(pipeline: string, number: number | null | undefined): Version | undefined {
  return useVersions(pipeline).data?.find((version) => version.number === number);
}

type TableName = { schema: string; table: string } | null | undefined;

/** The table that is read, and below it the one that is written. */
export function Tables({ pipeline }: { pipeline: Pipeline }) {
  const named = (table: TableName) => (table ? `${table.schema}.${table.table}` : '—');
  const [from, to] = [named(pipeline.table), named(pipeline['destination-table'])];
  return (
    <>
      <Line>{from}</Line>
      <Line quiet>{`→ ${to}`}</Line>
    </>
  );
}

/** Which version was submitted last, by whom, and when. */
export function Submitted({ pipeline }: { pipeline: Pipeline }) {
  const say = useTexts();
  const nameOf = useNameOf();
  const project = useProject();
  const { submitted } = pipeline;
  const version = useVersion(pipeline.id, submitted);
  if (submitted == null) return null;
  return (
    <>
      <Line>
        {say('version', { number: submitted })}
        {version && ` · ${nameOf(version['made-by'])}`}
      </Line>
      {/* Its place is kept, so that rows do not grow when it comes. */}
      <Line quiet>{version ? moment(version['made-at'], project['time-zone']) : '\u00a0'}</Line>
    </>
  );
}

/** What who submitted it said of it. */
export function Remark({ pipeline }: { pipeline: Pipeline }) {
  const remark = useVersion(pipeline.id, pipeline.submitted)?.remark;
  if (!remark) return <Typography.Text type="secondary">—</Typography.Text>;
  return (
    <Typography.Paragraph ellipsis={{ rows: 2 }} style={{ margin: 0 }} title={remark}>
      {remark}
    </Typography.Paragraph>
  );
}

function Line({ quiet = false, children }: { quiet?: boolean; children: ReactNode }) {
  return (
    <Typography.Text
      ellipsis
      type={quiet ? 'secondary' : undefined}
      style={{ display: 'block', fontSize: quiet ? 13 : undefined }}
      title={typeof children === 'string' ? children : undefined}
    >
      {children}
    </Typography.Text>
  );
}

/** The version that runs, and whether the pipeline says something else by now. */
export function LiveVersion({ number, pipeline }: { number: number; pipeline: Pipeline | undefined }) {
  const say = useTexts();
  return (
    <Flex gap={6} wrap align="center">
      {say('version', { number })}
      {pipeline && <Changed pipeline={pipeline} number={number} />}
    </Flex>
  );
}

function Changed({ pipeline, number }: { pipeline: Pipeline; number: number }) {
  const say = useTexts();
  const body = useVersion(pipeline.id, number)?.body;
  if (body === undefined) return null;
  const isSame =
    documentsAgree(at(body, ['document']), pipeline.document) && at(body, ['name']) === pipeline.name;
  return isSame ? null : <Mark tone="attention">{say('changed')}</Mark>;
}
