import { ArrowRightOutlined } from '@ant-design/icons';
import { Drawer, Flex, Table, type TableColumnsType, Tag, Typography } from 'antd';
import { FidelityTag } from './Fidelity';
import { PlanFindings, revealAfter } from './Findings';
import { type Line, type PlannedColumn, type PlannedTable, typeText, wordOf } from './planOf';
import { usePlanTexts } from './texts';

/** All that a plan says of one table. */
export function TableDrawer({ line, onClose }: { line: Line | null; onClose: () => void }) {
  const name = line === null ? '' : `${line.source.schema}.${line.source.table}`;
  return (
    <Drawer open={line !== null} onClose={onClose} size={920} title={<Name text={name} />} destroyOnHidden>
      {line !== null && <Content line={line} onClose={onClose} />}
    </Drawer>
  );
}

function Name({ text }: { text: string }) {
  return <bdi style={{ overflowWrap: 'anywhere' }}>{text}</bdi>;
}

function Content({ line, onClose }: { line: Line; onClose: () => void }) {
  const say = usePlanTexts();
  return (
    <Flex vertical gap={20}>
      {line.target && (
        <Flex gap={8} align="center" wrap>
          <Name text={`${line.source.schema}.${line.source.table}`} />
          <ArrowRightOutlined aria-hidden />
          <Name text={`${line.target.schema}.${line.target.table}`} />
        </Flex>
      )}
      {line.findings.length > 0 && (
        <section aria-label={say('findings')}>
          <Heading>{say('findings')}</Heading>
          <PlanFindings findings={line.findings} onShow={revealAfter(onClose)} />
        </section>
      )}
      {line.moves && <Moves table={line.moves} />}
    </Flex>
  );
}

function Heading({ children }: { children: string }) {
  return (
    <Typography.Title level={3} style={{ fontSize: 14, marginTop: 0 }}>
      {children}
    </Typography.Title>
  );
}

function Moves({ table }: { table: PlannedTable }) {
  const say = usePlanTexts();
  const { write, scan } = table;
  const columns: TableColumnsType<PlannedColumn> = [
    {
      title: say('column'),
      dataIndex: 'source',
      render: (name: string) => (
        <>
          <bdi>{name}</bdi>{' '}
          {scan.primary_key.includes(name) && <Tag style={{ marginInlineEnd: 0 }}>{say('key')}</Tag>}
        </>
      ),
    },
    {
      title: say('native'),
      dataIndex: 'source_type',
      render: (type: string) => <Typography.Text code>{type}</Typography.Text>,
    },
    {
      title: say('travels'),
      dataIndex: 'logical',
      render: (type: PlannedColumn['logical']) => typeText(type),
    },
    { title: say('becomes'), dataIndex: 'destination', render: (name: string) => <bdi>{name}</bdi> },
    {
      title: say('becomesType'),
      dataIndex: 'destination_type',
      render: (type: string) => <Typography.Text code>{type}</Typography.Text>,
    },
    {
      title: say('fidelity'),
      dataIndex: 'fidelity',
      width: 110,
      render: (fidelity: PlannedColumn['fidelity']) => <FidelityTag fidelity={fidelity} />,
    },
  ];
  return (
    <>
      <section aria-label={say('columns')}>
        <Table<PlannedColumn>
          size="small"
          rowKey="source"
          columns={columns}
          dataSource={table.columns}
          pagination={false}
          virtual={table.columns.length > 100}
          scroll={table.columns.length > 100 ? { x: 840, y: 420 } : { x: 'max-content' }}
          rowClassName={(column) => `fidelity-${wordOf(column.fidelity)}`}
        />
      </section>
      {(write.partition || scan.filter) && (
        <Flex vertical gap={4}>
          {write.partition && (
            <span>
              {say('partition')}:{' '}
              <Typography.Text code>{`${write.partition.column}=${write.partition.value}`}</Typography.Text>
            </span>
          )}
          {scan.filter && (
            <span>
              {say('filterSent')}: <Typography.Text code>{scan.filter}</Typography.Text>
            </span>
          )}
        </Flex>
      )}
      <section aria-label={say('ddl')}>
        <Heading>{say('ddl')}</Heading>
        {write.ddl.length === 0 ? (
          <Typography.Text type="secondary">{say('noDdl')}</Typography.Text>
        ) : (
          <Typography.Paragraph copyable={{ text: write.ddl.join(';\n\n') }}>
            <pre style={{ whiteSpace: 'pre-wrap', margin: 0 }}>{write.ddl.join(';\n\n')}</pre>
          </Typography.Paragraph>
        )}
      </section>
    </>
  );
}
