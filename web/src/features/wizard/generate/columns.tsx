import { Button, Flex, type TableColumnsType, Typography } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { GeneratedTag, type Row } from './Results';
import { useGenerateTexts } from './texts';

/** Source, target, method, state, remarks, and the way to the pipeline. */
export function useResultColumns(show: (row: Row) => void): TableColumnsType<Row> {
  const say = useGenerateTexts();
  const project = useProject();
  return useMemo(
    () => [
      {
        title: say('source'),
        key: 'source',
        width: 165,
        ellipsis: true,
        render: (_, { source }) => <bdi>{`${source.schema}.${source.table}`}</bdi>,
      },
      {
        title: say('target'),
        key: 'target',
        width: 165,
        ellipsis: true,
        render: (_, { target }) => target && <bdi>{`${target.schema}.${target.table}`}</bdi>,
      },
      {
        title: say('method'),
        key: 'method',
        width: 82,
        render: (_, { method }) => say(method === 'daily' ? 'daily' : 'one-time'),
      },
      {
        title: say('state'),
        key: 'state',
        width: 112,
        render: (_, { state }) => <GeneratedTag state={state} />,
      },
      {
        title: say('remarks'),
        key: 'remarks',
        width: 304,
        render: (_, row) => <Remarks row={row} show={show} />,
      },
      {
        title: say('pipeline'),
        key: 'pipeline',
        width: 80,
        render: (_, { pipeline, name }) =>
          pipeline && (
            <Link
              to={`/p/${project.id}/pipelines/${pipeline}`}
              title={name ?? undefined}
              aria-label={`${say('openOne')} ${name ?? ''}`}
            >
              {say('openOne')}
            </Link>
          ),
      },
    ],
    [say, project.id, show],
  );
}

function Remarks({ row, show }: { row: Row; show: (row: Row) => void }) {
  const say = useGenerateTexts();
  const [first] = row.remarks;
  if (first === undefined) return null;
  const text = row.remarks.length > 1 ? say('more', { count: row.remarks.length - 1 }) : '…';
  const table = `${row.source.schema}.${row.source.table}`;
  return (
    <Flex gap={4} align="baseline">
      <Typography.Text ellipsis style={{ flex: 1, minWidth: 0 }}>
        {first.message}
      </Typography.Text>
      <Button
        type="link"
        size="small"
        style={{ padding: 0 }}
        aria-label={`${text} · ${say('show', { table })}`}
        onClick={() => show(row)}
      >
        {text}
      </Button>
    </Flex>
  );
}
