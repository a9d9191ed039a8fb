import { Flex, Radio } from 'antd';
import type { Schemas } from '@/api/client';
import { defineTexts } from '@/ui/texts';
import { Choice } from './Choice';
import { DraftText } from './DraftText';
import { put, useDraft } from './draft';
import { EndCard } from './EndCard';
import { Field } from './Field';

const useTexts = defineTexts(
  'wizard-destination',
  {
    title: 'Synchronization target',
    namespace: 'Namespace',
    schema: 'Schema',
    database: 'Database',
    folder: 'Folder',
    namespaceHelp: 'Where the target tables are. Left blank, it has the name of the migration.',
    policy: 'Loading policy',
    overwrite: 'Overwrite data',
    overwriteHelp:
      'Existing data is deleted, then the new data is written: in the partition written, or the whole table where it has none.',
    append: 'Append data',
    appendHelp: 'Existing data stays as it is, the new data is added.',
    update: 'Update data',
    updateHelp: 'By primary key: rows with the same key are replaced, others are inserted.',
    policyNone: 'Not offered by {{type}}.',
    indexes: 'Indexes of new tables',
    indexesHelp: 'Beside the primary key; created after the rows, before the table can be seen.',
    'indexes-none': 'None',
    'indexes-unique': 'Unique',
    'indexes-all': 'All on whole columns',
  },
  {
    title: '同步目标',
    namespace: '命名空间',
    schema: 'Schema',
    database: '数据库',
    folder: '目录',
    namespaceHelp: '目标表所在的位置。留空时与整库迁移同名。',
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
  const { draft, change, name, destination, writes, mayEdit } = useDraft();
  const write = writes?.capabilities.write;
  const policy = draft.destination?.['loading-policy'] ?? 'overwrite';
  const indexes = (draft.destination?.indexes as Schemas['IndexChoice'] | undefined) ?? 'none';
  return (
    <EndCard end="destination" title={say('title')}>
      {destination && (
        <Field
          at="migration.destination.namespace"
          label={say(write?.namespace ?? 'namespace')}
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
      )}
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
                <Choice
                  key={one}
                  value={one}
                  disabled={!write[one]}
                  label={say(one)}
                  help={write[one] ? say(`${one}Help`) : say('policyNone', { type: writes?.title ?? '' })}
                />
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
