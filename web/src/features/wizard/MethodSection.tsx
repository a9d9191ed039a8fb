import { Alert, Flex, Radio, Typography } from 'antd';
import { useRef } from 'react';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { defineTexts } from '@/ui/texts';
import { Choice } from './Choice';
import { useDraft } from './draft';
import { ExpandedText } from './ExpandedText';
import { Expansions } from './expansion';
import { Field } from './Field';
import {
  filterOf,
  isPartitioned,
  KINDS,
  kindOf,
  partitionOf,
  partsOf,
  type Stash,
  withKind,
  withPartitions,
} from './method';
import { Parameters } from './Parameters';

const useTexts = defineTexts(
  'wizard-method',
  {
    kind: 'Synchronization method',
    daily: 'Daily sync',
    dailyHelp:
      'Tasks that run every day, each for one business date. For daily increments, or all rows every day.',
    'one-time': 'One-time sync',
    'one-timeHelp': 'Tasks that run once. For the history up to now.',
    'daily-and-one-time': 'Daily sync + one-time sync',
    'daily-and-one-timeHelp': 'Both kinds of task: the history once, then every day what is new.',
    bothNeeds: '{{type}} has no partitioned tables, which this method writes.',
    target: 'Create target tables as',
    partitioned: 'Partitioned tables',
    plain: 'Non-partitioned tables',
    bothAlways: 'With both kinds of task, target tables are always partitioned.',
    noPartitions: '{{type}} has no partitioned tables.',
    'partition-daily': 'Daily sync write partition',
    'partition-dailyHelp': 'Left blank: ds=${bizdate}, the business date of each run.',
    'partition-one-time': 'One-time sync write partition',
    'partition-one-timeHelp':
      'A constant such as 20230330, which is the value of ds, or a partition such as ds=${bizdate}.',
    oneOnly: 'A one-time task writes one partition only',
    oneOnlyWays: 'To spread history over partitions, either',
    wayNode: 'let an SQL node move the rows into their partitions, after the one-time sync has run; or',
    wayBackfill: 'choose daily sync with a filter for one day, and fill the days before by a',
    backfill: 'backfill',
    'filter-daily': 'Daily sync filter condition',
    'filter-dailyHelp':
      "In the source's own SQL, which the source evaluates. Left blank: all rows. For one day's rows: ds = '${bizdate}'",
    'filter-one-time': 'One-time sync filter condition',
    'filter-one-timeHelp':
      "Left blank: all rows. For all rows up to and with the business date: ds <= '${bizdate}'",
    noFilter: '{{type}} takes no filter: all rows are read.',
  },
  {
    kind: '同步方式',
    daily: '每日同步',
    dailyHelp: '生成每日调度的周期任务，每次处理一个业务日期。适用于每日增量或每日全量。',
    'one-time': '一次性同步',
    'one-timeHelp': '生成一次性任务。适用于历史全量数据。',
    'daily-and-one-time': '每日同步 + 一次性同步',
    'daily-and-one-timeHelp': '同时生成两种任务：先一次性同步历史数据，之后每日同步新数据。',
    bothNeeds: '{{type}} 没有分区表，而此方式必须写入分区。',
    target: '目标表创建为',
    partitioned: '分区表',
    plain: '非分区表',
    bothAlways: '两种任务并存时，目标表固定为分区表。',
    noPartitions: '{{type}} 没有分区表。',
    'partition-daily': '每日同步写入分区',
    'partition-dailyHelp': '留空则为 ds=${bizdate}，即每次运行的业务日期。',
    'partition-one-time': '一次性同步写入分区',
    'partition-one-timeHelp': '常量（如 20230330，即 ds 的值）或分区参数（如 ds=${bizdate}）。',
    oneOnly: '一次性同步任务只能写入一个分区',
    oneOnlyWays: '若要将历史数据写入不同分区，可以：',
    wayNode: '在一次性同步之后，用 SQL 节点将数据写入对应分区；或',
    wayBackfill: '选择每日同步并按天过滤，再通过',
    backfill: '补数据补齐历史分区',
    'filter-daily': '每日同步过滤条件',
    'filter-dailyHelp':
      "使用来源库自身的 SQL，由来源库执行。留空则读取所有数据。读取当天数据：ds = '${bizdate}'",
    'filter-one-time': '一次性同步过滤条件',
    'filter-one-timeHelp': "留空则读取所有数据。读取截至业务日期的所有数据：ds <= '${bizdate}'",
    noFilter: '{{type}} 不支持过滤，将读取所有数据。',
  },
);

export function MethodSection() {
  const { draft, writes, reads } = useDraft();
  const stash = useRef<Stash>({ filter: {}, partition: {} });
  const kind = kindOf(draft);
  const filters = reads?.capabilities.read?.filter !== false || draft.filter != null;
  const partitions = writes?.capabilities.write?.partitions !== false || isPartitioned(draft);
  return (
    <Expansions>
      <Flex vertical gap={20}>
        <MethodChoice stash={stash.current} />
        <TargetChoice stash={stash.current} canPartition={partitions} />
        {isPartitioned(draft) && partsOf(kind).map((part) => <PartitionField key={part} part={part} />)}
        {isPartitioned(draft) && kind !== 'daily' && <OnePartitionNote />}
        {filters ? partsOf(kind).map((part) => <FilterField key={part} part={part} />) : <NoFilter />}
        <Parameters />
      </Flex>
    </Expansions>
  );
}

function MethodChoice({ stash }: { stash: Stash }) {
  const say = useTexts();
  const { draft, change, writes, mayEdit } = useDraft();
  const cannot = writes?.capabilities.write?.partitions === false;
  return (
    <Field at="migration.method.kind" label={say('kind')} isGroup>
      <Radio.Group
        disabled={!mayEdit}
        value={kindOf(draft)}
        onChange={({ target }) => change((draft) => withKind(draft, target.value, stash))}
      >
        <Flex vertical gap={6}>
          {KINDS.map((kind) => {
            const isOut = cannot && kind === 'daily-and-one-time';
            return (
              <Choice
                key={kind}
                value={kind}
                disabled={isOut}
                label={say(kind)}
                help={isOut ? say('bothNeeds', { type: writes?.title ?? '' }) : say(`${kind}Help`)}
              />
            );
          })}
        </Flex>
      </Radio.Group>
    </Field>
  );
}

function TargetChoice({ stash, canPartition }: { stash: Stash; canPartition: boolean }) {
  const say = useTexts();
  const { draft, change, writes, mayEdit } = useDraft();
  const isBoth = kindOf(draft) === 'daily-and-one-time';
  const type = writes?.title ?? '';
  const help = isBoth ? say('bothAlways') : canPartition ? undefined : say('noPartitions', { type });
  return (
    <Field at="migration.method.partition" label={say('target')} help={help} isGroup below={false}>
      <Radio.Group
        disabled={!mayEdit || !canPartition || (isBoth && isPartitioned(draft))}
        value={isPartitioned(draft)}
        onChange={({ target }) => change((draft) => withPartitions(draft, target.value, stash))}
        options={[
          { value: true, label: say('partitioned') },
          { value: false, label: say('plain') },
        ]}
      />
    </Field>
  );
}

function PartitionField({ part }: { part: 'one-time' | 'daily' }) {
  const say = useTexts();
  const { draft } = useDraft();
  return (
    <ExpandedText
      path={['method', 'partition', part]}
      keepsParent
      label={say(`partition-${part}`)}
      help={say(`partition-${part}Help`)}
      value={partitionOf(draft, part)}
      placeholder={part === 'daily' ? 'ds=${bizdate}' : '20230330'}
      isOptional={part === 'daily'}
    />
  );
}

function FilterField({ part }: { part: 'one-time' | 'daily' }) {
  const say = useTexts();
  const { draft } = useDraft();
  return (
    <ExpandedText
      path={['filter', part]}
      label={say(`filter-${part}`)}
      help={say(`filter-${part}Help`)}
      value={filterOf(draft, part)}
      placeholder={part === 'daily' ? "ds = '${bizdate}'" : "ds <= '${bizdate}'"}
      isOptional
      isLong
    />
  );
}

function NoFilter() {
  const say = useTexts();
  const { reads } = useDraft();
  return <Typography.Text type="secondary">{say('noFilter', { type: reads?.title ?? '' })}</Typography.Text>;
}

function OnePartitionNote() {
  const say = useTexts();
  const project = useProject();
  return (
    <Alert
      type="info"
      showIcon
      title={say('oneOnly')}
      description={
        <>
          {say('oneOnlyWays')}
          <ol style={{ margin: '4px 0 0', paddingInlineStart: 20 }}>
            <li>{say('wayNode')}</li>
            <li>
              {say('wayBackfill')}{' '}
              <Link to={`/p/${project.id}/backfills`} style={{ textDecoration: 'underline' }}>
                {say('backfill')}
              </Link>
            </li>
          </ol>
        </>
      }
    />
  );
}
