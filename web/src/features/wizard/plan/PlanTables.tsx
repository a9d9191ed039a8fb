import { CheckCircleFilled, CloseCircleFilled, InfoCircleFilled, WarningFilled } from '@ant-design/icons';
import { Button, Flex, Input, Segmented, Table, type TableColumnsType, Typography, theme } from 'antd';
import { useDeferredValue, useMemo, useState } from 'react';
import { count } from '@/ui/format';
import { HueTag } from '@/ui/HueTag';
import { STATE_HUES } from '@/ui/StateTag';
import { useSearch } from '@/ui/useSearch';
import { FidelityTag } from './Fidelity';
import { type Line, linesOf, type Plan } from './planOf';
import { TableDrawer } from './TableDrawer';
import { usePlanTexts } from './texts';

const FILTERS = {
  all: () => true,
  refused: (line: Line) => line.moves === null,
  lossy: (line: Line) => line.fidelity === 'lossy',
  noted: (line: Line) => line.findings.length > 0,
  moves: (line: Line) => line.moves !== null,
} as const;
type Filter = keyof typeof FILTERS;

/** The tables of a plan, thousands of them. */
export function PlanTables({ plan }: { plan: Plan }) {
  const say = usePlanTexts();
  const { get, set } = useSearch();
  const [opened, setOpened] = useState<Line | null>(null);
  const lines = useMemo(() => linesOf(plan), [plan]);
  const counts = useMemo(() => {
    const of = (filter: Filter) => lines.filter(FILTERS[filter]).length;
    return {
      all: lines.length,
      refused: of('refused'),
      lossy: of('lossy'),
      noted: of('noted'),
      moves: of('moves'),
    };
  }, [lines]);
  const asked = get('plan');
  const filter: Filter = asked !== undefined && asked in FILTERS ? (asked as Filter) : 'all';
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed);
  const shown = useMemo(() => {
    const takes = FILTERS[filter];
    return lines.filter(
      (line) => takes(line) && `${line.source.schema}.${line.source.table}`.includes(search),
    );
  }, [lines, filter, search]);
  const columns = useColumns(setOpened);
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} wrap justify="space-between">
        <Segmented<Filter>
          aria-label={say('filter')}
          value={filter}
          onChange={(next) => set({ plan: next === 'all' ? null : next })}
          options={(Object.keys(FILTERS) as Filter[]).map((one) => ({
            value: one,
            label: `${say(one)} ${count(counts[one])}`,
          }))}
        />
        <Input.Search
          allowClear
          aria-label={say('search')}
          placeholder={say('search')}
          style={{ width: 240 }}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </Flex>
      <Table<Line>
        virtual
        size="small"
        rowKey="key"
        columns={columns}
        dataSource={shown}
        pagination={false}
        scroll={{ x: 880, y: Math.min(440, 40 * Math.max(2, shown.length) + 8) }}
        locale={{ emptyText: say('none') }}
      />
      <TableDrawer line={opened} onClose={() => setOpened(null)} />
    </Flex>
  );
}

function useColumns(open: (line: Line) => void): TableColumnsType<Line> {
  const say = usePlanTexts();
  return useMemo(
    () => [
      {
        key: 'state',
        title: say('stateOf'),
        width: 60,
        align: 'center',
        render: (_, line) => <State line={line} />,
      },
      {
        title: say('source'),
        key: 'source',
        width: 225,
        ellipsis: true,
        render: (_, line) => {
          const name = `${line.source.schema}.${line.source.table}`;
          return (
            <Button
              type="link"
              size="small"
              aria-label={say('open', { table: name })}
              onClick={() => open(line)}
              style={{ padding: 0, maxWidth: '100%' }}
            >
              <bdi style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>{name}</bdi>
            </Button>
          );
        },
      },
      {
        title: say('target'),
        key: 'target',
        width: 205,
        ellipsis: true,
        // Why it is refused takes the place of all that there would be to tell.
        onCell: (line) => ({ colSpan: line.moves === null ? 5 : 1 }),
        render: (_, { target, findings, moves }) =>
          moves === null ? (
            <Typography.Text type="secondary" title={findings[0]?.message}>
              {findings[0]?.message}
            </Typography.Text>
          ) : (
            target && <bdi>{`${target.schema}.${target.table}`}</bdi>
          ),
      },
      {
        title: say('columns'),
        key: 'columns',
        onCell: covered,
        width: 80,
        align: 'right',
        render: (_, { moves }) => moves && count(moves.columns.length),
      },
      {
        title: say('fidelity'),
        key: 'fidelity',
        onCell: covered,
        width: 95,
        render: (_, { fidelity }) => fidelity && <FidelityTag fidelity={fidelity} />,
      },
      {
        title: say('estimate'),
        key: 'rows',
        onCell: covered,
        width: 105,
        align: 'right',
        render: (_, { moves }) => moves?.scan.estimated_rows != null && count(moves.scan.estimated_rows),
      },
      {
        title: say('table'),
        key: 'table',
        width: 130,
        onCell: covered,
        render: (_, line) => <Change line={line} />,
      },
    ],
    [say, open],
  );
}

function covered(line: Line) {
  return { colSpan: line.moves === null ? 0 : 1 };
}

function State({ line }: { line: Line }) {
  const say = usePlanTexts();
  const { token } = theme.useToken();
  if (line.moves === null) {
    return <CloseCircleFilled aria-label={say('refused')} style={{ color: token.colorError }} />;
  }
  if (line.findings.some(({ severity }) => severity === 'warning')) {
    return <WarningFilled aria-label={say('noted')} style={{ color: token.colorWarning }} />;
  }
  if (line.findings.length > 0) {
    return <InfoCircleFilled aria-label={say('noted')} style={{ color: token.colorInfo }} />;
  }
  return <CheckCircleFilled aria-label={say('moves')} style={{ color: token.colorSuccess }} />;
}

function Change({ line: { moves } }: { line: Line }) {
  const say = usePlanTexts();
  if (moves === null) return null;
  const { exists, change } = moves.write;
  if (!exists) return say('new');
  if (change === 'recreate') return <HueTag hue={STATE_HUES.failed} text={say('recreate')} />;
  if (typeof change === 'object') return <HueTag hue={STATE_HUES.running} text={say('add-columns')} />;
  return say('exists');
}
