import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, DatePicker, Flex, Input, Typography } from 'antd';
import dayjs from 'dayjs';
import { startTransition, useEffect, useRef, useState } from 'react';
import { defineTexts } from '@/ui/texts';
import { type Draft, put, useDraft } from './draft';
import { useExpansions } from './expansion';
import { Field } from './Field';

const useTexts = defineTexts(
  'wizard-parameters',
  {
    title: 'Parameters',
    help: 'Values for ${name} in filters and partitions, beside ${bizdate} and dates such as ${yyyyMMdd-1}. A run by hand may give others.',
    add: 'Add a parameter',
    name: 'Name',
    value: 'Value',
    remove: 'Remove {{name}}',
    twice: 'This name stands here twice',
    date: 'Show what parameters become on',
    yesterday: 'Yesterday',
  },
  {
    title: '参数配置',
    help: '过滤条件与分区中 ${name} 的取值；另有 ${bizdate} 和 ${yyyyMMdd-1} 等日期参数。手动运行时可另行指定。',
    add: '添加参数',
    name: '参数名',
    value: '参数值',
    remove: '删除 {{name}}',
    twice: '参数名重复',
    date: '按此业务日期预览参数',
    yesterday: '昨天',
  },
);

interface Row {
  key: number;
  name: string;
  value: string;
}

function rowsOf(parameters: Draft['parameters']): Row[] {
  return Object.entries(parameters ?? {}).map(([name, value], key) => ({ key, name, value: String(value) }));
}

/** Values for one's own parameters, and the day on which all are previewed. */
export function Parameters() {
  const say = useTexts();
  const { draft, change, mayEdit } = useDraft();
  const { bizdate, choose } = useExpansions();
  const [rows, setRows] = useState(() => rowsOf(draft.parameters));
  const sent = useRef(draft.parameters);
  // What came from elsewhere, such as an import, takes the place of what stands here.
  useEffect(() => {
    if (draft.parameters !== sent.current) setRows(rowsOf(draft.parameters));
    sent.current = draft.parameters;
  }, [draft.parameters]);
  const write = (next: Row[]) => {
    setRows(next);
    const named = next.filter(({ name }) => name !== '');
    const value =
      named.length > 0 ? Object.fromEntries(named.map(({ name, value }) => [name, value])) : undefined;
    startTransition(() =>
      change((draft) => {
        sent.current = value;
        return put(draft, ['parameters'], value);
      }),
    );
  };
  const edit = (key: number, changes: Partial<Row>) =>
    write(rows.map((row) => (row.key === key ? { ...row, ...changes } : row)));
  const add = () =>
    setRows([...rows, { key: Math.max(0, ...rows.map(({ key }) => key + 1)), name: '', value: '' }]);
  return (
    <>
      <Field at="migration.parameters" label={say('title')} help={say('help')} isGroup isOptional>
        <Flex vertical gap={6} align="flex-start">
          {rows.map(({ key, name, value }) => {
            const isTwice = name !== '' && rows.some((other) => other.key !== key && other.name === name);
            return (
              <Flex key={key} gap={8} align="baseline" wrap>
                <Input
                  style={{ width: 200 }}
                  value={name}
                  disabled={!mayEdit}
                  aria-label={say('name')}
                  placeholder={say('name')}
                  status={isTwice ? 'error' : undefined}
                  onChange={(event) => edit(key, { name: event.target.value.trim() })}
                />
                <Input
                  style={{ width: 280 }}
                  value={value}
                  disabled={!mayEdit}
                  aria-label={`${say('value')} ${name}`}
                  placeholder={say('value')}
                  onChange={(event) => edit(key, { value: event.target.value })}
                />
                {mayEdit && (
                  <Button
                    type="text"
                    icon={<DeleteOutlined />}
                    aria-label={say('remove', { name })}
                    onClick={() => write(rows.filter((row) => row.key !== key))}
                  />
                )}
                {isTwice && <Typography.Text type="danger">{say('twice')}</Typography.Text>}
              </Flex>
            );
          })}
          {mayEdit && (
            <Button size="small" icon={<PlusOutlined />} onClick={add}>
              {say('add')}
            </Button>
          )}
        </Flex>
      </Field>
      <Flex gap={8} align="center" wrap>
        <label htmlFor="preview-bizdate">{say('date')}</label>
        <DatePicker
          id="preview-bizdate"
          value={bizdate === undefined ? null : dayjs(bizdate, 'YYYYMMDD')}
          placeholder={say('yesterday')}
          onChange={(day) => choose(day?.format('YYYYMMDD') ?? undefined)}
        />
      </Flex>
    </>
  );
}
