import { Alert, AutoComplete, Checkbox, Flex, Table, Tag, Typography, theme } from 'antd';
import type { Schemas } from '@/api/client';
import { Empty } from '@/ui/Empty';
import { Identifier, visible } from '@/ui/Identifier';
import { useDraft } from '../draft';
import { useTexts } from './drawerTexts';
import { columnName } from './naming';
import type { SourceColumn } from './useTableDetail';
import { useLocalNames } from './useTargets';

type Choice = Schemas['ColumnChoice'];
type Choices = Record<string, Choice>;

const TYPES = ['text', 'boolean', 'int', 'bigint', 'decimal(38,10)', 'double', 'date', 'timestamp', 'binary'];
const CHARSETS = ['utf-8', 'gbk', 'gb18030', 'big5', 'latin1', 'windows-1252', 'shift_jis', 'euc-kr'];
const suggested = (values: readonly string[]) => values.map((value) => ({ value }));

/** How a table's columns are read: as another type, from another character set, or not at all. */
export function ColumnChoices({
  columns,
  keyColumns,
  value,
  onChange,
}: {
  columns: readonly SourceColumn[];
  keyColumns: readonly string[];
  value: Choices;
  onChange: (choices: Choices) => void;
}) {
  const say = useTexts();
  const { mayEdit } = useDraft();
  const { token } = theme.useToken();
  const { rules, limits } = useLocalNames();
  const known = new Set(columns.map((column) => column.name));
  const unknown = Object.keys(value).filter((name) => !known.has(name));
  const choiceOf = (name: string): Choice => (Object.hasOwn(value, name) ? (value[name] ?? {}) : {});
  const set = (name: string, more: Choice) => onChange({ ...value, [name]: { ...choiceOf(name), ...more } });
  if (columns.length === 0) return <Empty title={say('noColumns')} />;
  return (
    <Flex vertical gap={8}>
      {unknown.length > 0 && (
        <Alert type="warning" showIcon title={say('unknown')} description={unknown.map(visible).join(', ')} />
      )}
      <Table<SourceColumn>
        size="small"
        rowKey="name"
        dataSource={[...columns]}
        pagination={false}
        virtual={columns.length > 100}
        scroll={columns.length > 100 ? { x: 780, y: 420 } : undefined}
        columns={[
          {
            title: say('column'),
            width: 190,
            render: (_, { name }) => (
              <Flex gap={6} align="center">
                <Identifier name={name} style={{ maxWidth: 140 }} />
                {keyColumns.includes(name) && <Tag style={{ margin: 0 }}>{say('key')}</Tag>}
              </Flex>
            ),
          },
          {
            title: say('type'),
            width: 130,
            render: (_, column) => <Typography.Text code>{column.type_text}</Typography.Text>,
          },
          {
            title: say('target'),
            width: 130,
            render: (_, { name }) => {
              const named = columnName(rules, name, limits);
              const skipped = choiceOf(name).skip === true;
              return (
                <span style={{ display: 'flex', color: named.fault && !skipped ? token.red8 : undefined }}>
                  <Identifier
                    name={named.name}
                    style={{
                      maxWidth: 120,
                      textDecoration: skipped ? 'line-through' : undefined,
                    }}
                  />
                </span>
              );
            },
          },
          {
            title: say('as'),
            width: 150,
            render: (_, { name, type_text }) => (
              <AutoComplete
                size="small"
                style={{ width: '100%' }}
                aria-label={say('asOf', { column: name })}
                placeholder={type_text}
                options={suggested(TYPES)}
                value={choiceOf(name).as ?? ''}
                disabled={!mayEdit}
                allowClear
                onChange={(as) => set(name, { as: as || null })}
              />
            ),
          },
          {
            title: say('charset'),
            width: 120,
            render: (_, { name, charset }) => (
              <AutoComplete
                size="small"
                style={{ width: '100%' }}
                aria-label={say('charsetOf', { column: name })}
                placeholder={charset ?? ''}
                options={suggested(CHARSETS)}
                value={choiceOf(name).charset ?? ''}
                disabled={!mayEdit}
                allowClear
                onChange={(charset) => set(name, { charset: charset || null })}
              />
            ),
          },
          {
            title: say('skip'),
            width: 90,
            render: (_, { name }) => (
              <Checkbox
                aria-label={say('skipOf', { column: name })}
                checked={choiceOf(name).skip === true}
                disabled={!mayEdit}
                onChange={(event) => set(name, { skip: event.target.checked })}
              />
            ),
          },
        ]}
      />
    </Flex>
  );
}
