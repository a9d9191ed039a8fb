import { Flex, Radio, Typography } from 'antd';
import type { Schemas } from '@/api/client';
import { defineTexts } from '@/ui/texts';
import { DraftText } from './DraftText';
import { put, useDraft } from './draft';
import { EndCard } from './EndCard';
import { Field } from './Field';

const useTexts = defineTexts(
  'wizard-destination',
  {
    title: 'Synchronization target',
    namespace: 'Namespace',
    namespaceHelp:
      'The namespace, schema, database or folder of the tables. Left blank, it is called like the migration.',
    policy: 'Loading policy',
    overwrite: 'Overwrite data',
    overwriteHelp:
      'What is there goes, the new rows stay: in the partition written, or the table where it has none.',
    append: 'Append data',
    appendHelp: 'What is there stays as it is, the new rows are added.',
    update: 'Update data',
    updateHelp: 'By primary key: rows with the same key are replaced, the others are added.',
    policyNone: '{{type}} does not offer this.',
    indexes: 'Indexes of new tables',
    indexesHelp: 'Beside the primary key. They are made after the rows and before anybody sees the table.',
    'indexes-none': 'None',
    'indexes-unique': 'Unique ones',
    'indexes-all': 'All over whole columns',
  },
  {
    title: '同步目标',
    namespace: '命名空间',
    namespaceHelp: '目标表所在的命名空间、Schema、数据库或目录。留空时与整库迁移同名。',
    policy: '加载策略',
    overwrite: '覆盖数据',
    overwriteHelp: '删除已有数据，写入新数据：范围是所写分区；无分区时为整表。',
    append: '追加数据',
    appendHelp: '已有数据保持不变，追加新数据。',
    update: '更新数据',
    updateHelp: '按主键更新：主键相同则替换，不存在则插入。',
    policyNone: '{{type}} 不支持。',
    indexes: '新表的索引',
    indexesHelp: '主键之外的索引。在数据写入之后、表可见之前创建。',
    'indexes-none': '不建',
    'indexes-unique': '唯一索引',
    'indexes-all': '所有整列索引',
  },
);

const POLICIES = ['overwrite', 'append', 'update'] as const;
const INDEXES = ['none', 'unique', 'all'] as const;

export function DestinationCard() {
  const say = useTexts();
  const { draft, change, name, writes, mayEdit } = useDraft();
  const write = writes?.capabilities.write;
  const policy = draft.destination?.['loading-policy'] ?? 'overwrite';
  const indexes = (draft.destination?.indexes as Schemas['IndexChoice'] | undefined) ?? 'none';
  return (
    <EndCard end="destination" title={say('title')}>
      <Field
        at="migration.destination.namespace"
        label={say('namespace')}
        help={say('namespaceHelp')}
        isOptional
      >
        {(id, help) => (
          <DraftText
            id={id}
            describedBy={help}
            disabled={!mayEdit}
            value={draft.destination?.namespace ?? ''}
            placeholder={name}
            onChange={(text) =>
              change((draft) => put(draft, ['destination', 'namespace'], text || undefined))
            }
          />
        )}
      </Field>
      {write && (
        <Field at="migration.destination.loading-policy" label={say('policy')} isGroup>
          <Radio.Group
            disabled={!mayEdit}
            value={policy}
            onChange={({ target }) =>
              change((draft) =>
                put(
                  draft,
                  ['destination', 'loading-policy'],
                  target.value === 'overwrite' ? undefined : target.value,
                ),
              )
            }
          >
            <Flex vertical gap={6}>
              {POLICIES.map((one) => (
                <Radio key={one} value={one} disabled={!write[one]}>
                  {say(one)}{' '}
                  <Typography.Text type="secondary" style={{ fontSize: 13 }}>
                    {write[one] ? say(`${one}Help`) : say('policyNone', { type: writes?.title ?? '' })}
                  </Typography.Text>
                </Radio>
              ))}
            </Flex>
          </Radio.Group>
        </Field>
      )}
      {(write?.indexes || indexes !== 'none') && (
        <Field at="migration.destination.indexes" label={say('indexes')} help={say('indexesHelp')} isGroup>
          <Radio.Group
            disabled={!mayEdit}
            value={indexes}
            options={INDEXES.map((one) => ({ value: one, label: say(`indexes-${one}`) }))}
            onChange={({ target }) =>
              change((draft) =>
                put(draft, ['destination', 'indexes'], target.value === 'none' ? undefined : target.value),
              )
            }
          />
        </Field>
      )}
    </EndCard>
  );
}
