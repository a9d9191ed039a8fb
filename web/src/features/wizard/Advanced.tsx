import { Flex, Select, Typography } from 'antd';
import { defineTexts } from '@/ui/texts';
import { type Draft, put, useDraft } from './draft';
import { Field } from './Field';
import { NumberField } from './NumberField';

const useTexts = defineTexts(
  'wizard-advanced',
  {
    consistency: 'Consistency',
    'consistency-snapshot': 'One moment for all tables',
    'consistency-snapshot-help': 'All tables are read as they stood at one moment.',
    'consistency-table': 'One moment for each table',
    'consistency-table-help': 'Each table as it stood at a moment of its own.',
    'consistency-none': 'No moment promised',
    'consistency-none-help': 'Rows that change while a table is read may be seen in part.',
    verify: 'Verification before publishing',
    'verify-counts': 'Count rows',
    'verify-counts-help': 'Rows are counted where they stand before anybody sees them.',
    'verify-checksums': 'Counts and checksums of all values',
    'verify-checksums-help':
      'Every value is compared where it stands, and with figures that the source computes by itself. Takes longer.',
    'verify-none': 'Only what is always done',
    'verify-none-help': 'Each part of a table adds up; nothing beyond that is proven.',
    drift: 'When the source has changed since the last load',
    'drift-fail': 'Refuse the table',
    'drift-fail-help':
      'Other columns, types or keys: the table fails before it is read, and each difference is named.',
    'drift-add-columns': 'Add new columns',
    'drift-add-columns-help':
      'New columns are added at the target, in the commit of the rows; anything else is refused.',
    'drift-ignore': 'Read it as it is now',
    'drift-ignore-help': 'A note says what changed; the columns of a table that is there must still fit.',
    'empty-overwrite': 'When there are no rows to overwrite with',
    'empty-overwrite-refuse': 'Refuse',
    'empty-overwrite-refuse-help': 'The table fails, and its rows stay.',
    'empty-overwrite-allow': 'Allow',
    'empty-overwrite-allow-help': 'The table, or the partition, is empty afterwards.',
    'shrunken-load': 'When a table read whole has half its rows, or fewer',
    'shrunken-load-warn': 'Publish with a warning',
    'shrunken-load-warn-help': 'It is published, and the run says SHRUNK.',
    'shrunken-load-refuse': 'Refuse',
    'shrunken-load-refuse-help': 'The table fails, and stays as it is.',
    'on-lost-snapshot': "When the source's moment is lost",
    'on-lost-snapshot-restart-unfinished': 'Read the unfinished tables at another moment',
    'on-lost-snapshot-restart-unfinished-help': 'The report tells both moments.',
    'on-lost-snapshot-fail': 'Fail them',
    'on-lost-snapshot-fail-help': 'Tables that are not published yet fail.',
    rejected: 'Rejected rows',
    rejectedHelp: 'How many rows of a table may be rejected before it fails: the larger of both.',
    limit: 'In number',
    share: 'As a share of the rows read',
    usual: 'default',
    cannot: '{{type}} cannot do this',
  },
  {
    consistency: '一致性',
    'consistency-snapshot': '所有表同一时刻',
    'consistency-snapshot-help': '所有表都按同一时刻的状态读取。',
    'consistency-table': '每张表各自的时刻',
    'consistency-table-help': '每张表按自己的一个时刻读取。',
    'consistency-none': '不保证时刻',
    'consistency-none-help': '读取期间变化的数据可能只读到一部分。',
    verify: '发布前校验',
    'verify-counts': '校验行数',
    'verify-counts-help': '在数据可见之前，于写入处清点行数。',
    'verify-checksums': '校验行数及所有值的校验和',
    'verify-checksums-help': '在写入处比对每个值，并与来源库自行计算的结果比对。耗时更长。',
    'verify-none': '仅做必做的检查',
    'verify-none-help': '每个分片的行数相符，除此之外不作证明。',
    drift: '来源表结构与上次加载不同时',
    'drift-fail': '拒绝该表',
    'drift-fail-help': '列、类型或主键不同时，读取之前即失败，并列出每处差异。',
    'drift-add-columns': '增加新列',
    'drift-add-columns-help': '新列随数据一同提交到目标表；其他变化一律拒绝。',
    'drift-ignore': '按当前结构读取',
    'drift-ignore-help': '提示变化内容；已有目标表的列仍须匹配。',
    'empty-overwrite': '没有数据可用于覆盖时',
    'empty-overwrite-refuse': '拒绝',
    'empty-overwrite-refuse-help': '该表失败，原有数据保留。',
    'empty-overwrite-allow': '允许',
    'empty-overwrite-allow-help': '之后该表或该分区为空。',
    'shrunken-load': '全量读取的行数不足上次一半时',
    'shrunken-load-warn': '发布并警告',
    'shrunken-load-warn-help': '照常发布，运行结果注明 SHRUNK。',
    'shrunken-load-refuse': '拒绝',
    'shrunken-load-refuse-help': '该表失败，保持原样。',
    'on-lost-snapshot': '来源库的一致性时刻丢失时',
    'on-lost-snapshot-restart-unfinished': '未完成的表换一个时刻重读',
    'on-lost-snapshot-restart-unfinished-help': '报告中注明两个时刻。',
    'on-lost-snapshot-fail': '置为失败',
    'on-lost-snapshot-fail-help': '尚未发布的表失败。',
    rejected: '脏数据',
    rejectedHelp: '一张表允许的脏数据行数，取两者中较大者；超过则失败。',
    limit: '行数',
    share: '占读取行数的比例',
    usual: '默认',
    cannot: '{{type}} 不支持',
  },
);

/** The choices, the default first. */
const CHOICES = {
  consistency: ['snapshot', 'table', 'none'],
  verify: ['counts', 'checksums', 'none'],
  drift: ['fail', 'add-columns', 'ignore'],
  'empty-overwrite': ['refuse', 'allow'],
  'shrunken-load': ['warn', 'refuse'],
  'on-lost-snapshot': ['restart-unfinished', 'fail'],
} as const;

type Key = keyof typeof CHOICES;

/** What few need to change, each with what it means. */
export function Advanced() {
  const say = useTexts();
  const { draft } = useDraft();
  return (
    <div
      style={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(300px, 1fr))',
        gap: '20px 24px',
      }}
    >
      {(Object.keys(CHOICES) as Key[]).map((key) => (
        <Choice key={key} of={key} />
      ))}
      <Field
        at="migration.rejected-rows"
        label={say('rejected')}
        help={say('rejectedHelp')}
        isGroup
        below={false}
      >
        <Flex gap={16} wrap>
          <NumberField
            path={['rejected-rows', 'limit']}
            value={draft['rejected-rows']?.limit}
            usual={0}
            label={say('limit')}
            min={0}
            max={1e12}
          />
          <Share draft={draft} />
        </Flex>
      </Field>
    </div>
  );
}

function Share({ draft }: { draft: Draft }) {
  const say = useTexts();
  return (
    <NumberField
      path={['rejected-rows', 'share']}
      value={draft['rejected-rows']?.share}
      usual={0}
      label={say('share')}
      min={0}
      max={1}
      places={6}
      step={0.001}
      placeholder="0.001"
    />
  );
}

function Choice({ of }: { of: Key }) {
  const say = useTexts();
  const { draft, change, writes, mayEdit } = useDraft();
  const write = writes?.capabilities.write;
  const options = CHOICES[of];
  const usual = options[0];
  const value = (draft[of] as string | undefined) ?? usual;
  const isOut = (choice: string) =>
    (choice === 'checksums' && write?.checksums === false) ||
    (choice === 'add-columns' && write?.['add-columns'] === false);
  const about = (choice: string) => {
    if (isOut(choice)) return say('cannot', { type: writes?.title ?? '' });
    return say(`${of}-${choice}-help` as Parameters<typeof say>[0]);
  };
  const known = (options as readonly string[]).includes(value);
  return (
    <Field at={`migration.${of}`} label={say(of)} help={known ? about(value) : undefined}>
      {(id, help) => (
        <Select<string>
          id={id}
          aria-describedby={help}
          disabled={!mayEdit}
          value={value}
          options={options.map((choice) => ({
            value: choice,
            label: say(`${of}-${choice}` as Parameters<typeof say>[0]),
            disabled: isOut(choice),
          }))}
          optionRender={({ label, value }) => (
            <div style={{ whiteSpace: 'normal' }}>
              {label}
              {value === usual && <Typography.Text type="secondary"> ({say('usual')})</Typography.Text>}
              <Typography.Text type="secondary" style={{ fontSize: 12, display: 'block' }}>
                {about(String(value))}
              </Typography.Text>
            </div>
          )}
          onChange={(next) => change((draft) => put(draft, [of], next === usual ? undefined : next))}
        />
      )}
    </Field>
  );
}
