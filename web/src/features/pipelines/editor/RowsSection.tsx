import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Input, Select } from 'antd';
import { useEffect, useState } from 'react';
import { CodeEditor } from '@/ui/CodeEditor';
import { at, type Edit, exceptionEdits, exceptionOf, isMap, type Path, textAt } from '../script';
import { useTexts } from '../texts';
import { useColumns } from './ColumnsSection';
import { Field, Section, useForm } from './Field';
import { useFormTexts } from './formTexts';

/** Which rows, and into which partition. */
export function RowsSection() {
  const say = useFormTexts();
  const { migration } = useForm();
  return (
    <Section title={say('rows')}>
      <Filter />
      <Partition />
      {textAt(migration, ['destination', 'loading-policy']) === 'update' && <UpdateBy />}
      <Parameters />
    </Section>
  );
}

function Filter() {
  const say = useFormTexts();
  const sayAll = useTexts();
  const { migration, edit, mayEditSql, mayEdit, part } = useForm();
  const exception = exceptionOf(migration);
  const own = exception.value.filter;
  const isNone = own === 'none';
  const isOwn = isMap(own);
  const path: Path = isOwn ? ['each', exception.index, 'filter', part] : ['filter', part];
  const change = (text: string) => {
    const value = text.trim() === '' ? undefined : text;
    if (!isOwn && !isNone) return edit(generalFilter(migration, part, value));
    const next = { ...(isMap(own) ? own : {}), [part]: value };
    if (value === undefined) delete next[part];
    edit(exceptionEdits(migration, { filter: Object.keys(next).length > 0 ? next : 'none' }));
  };
  return (
    <Field
      label={say('filter')}
      path={isOwn || isNone ? ['each', exception.index, 'filter'] : ['filter']}
      wide
      group
      hint={
        <>
          {isNone ? say('filterNone') : isOwn ? say('filterOwn') : null} {say('filterHint')}
          {mayEdit && !mayEditSql && ` ${sayAll('filtersNotYours')}`}
        </>
      }
    >
      {() => (
        <CodeEditor
          label={say('filter')}
          language="sql"
          height={84}
          value={isNone ? '' : textAt(migration, path)}
          onChange={mayEditSql ? change : undefined}
        />
      )}
    </Field>
  );
}

function generalFilter(migration: Record<string, unknown>, part: string, value: string | undefined): Edit[] {
  if (value !== undefined) return [[['filter', part], value]];
  const left = Object.keys(isMap(migration.filter) ? migration.filter : {}).filter((key) => key !== part);
  return [[left.length > 0 ? ['filter', part] : ['filter'], undefined]];
}

function Partition() {
  const say = useFormTexts();
  const { migration, edit, mayEdit, part } = useForm();
  const path = ['method', 'partition', part];
  const held = at(migration, path);
  const isEmptyMap = isMap(held) && Object.keys(held).length === 0;
  const isOther = typeof held === 'object' && held !== null && !isEmptyMap;
  const value = isOther ? JSON.stringify(held) : isEmptyMap ? 'ds=${bizdate}' : textAt(migration, path);
  const change = (text: string) => {
    const others = Object.keys(
      isMap(at(migration, ['method', 'partition'])) ? (at(migration, ['method', 'partition']) as object) : {},
    );
    if (text !== '') edit([[path, text]]);
    else edit([[others.some((key) => key !== part) ? path : ['method', 'partition'], undefined]]);
  };
  return (
    <Field
      label={say('partition')}
      path={['method', 'partition']}
      hint={say(isOther ? 'partitionScript' : 'partitionHint')}
    >
      {(id) => (
        <Input
          id={id}
          readOnly={!mayEdit || isOther}
          placeholder={say('none')}
          value={value}
          onChange={(event) => change(event.target.value)}
        />
      )}
    </Field>
  );
}

function UpdateBy() {
  const say = useFormTexts();
  const { migration, edit, mayEdit } = useForm();
  const { columns } = useColumns();
  const exception = exceptionOf(migration);
  const held = exception.value['update-by'];
  return (
    <Field label={say('updateBy')} hint={say('updateByHint')} path={['each', exception.index, 'update-by']}>
      {(id) => (
        <Select
          id={id}
          mode="tags"
          disabled={!mayEdit}
          value={Array.isArray(held) ? held.map(String) : []}
          onChange={(next: string[]) =>
            edit(exceptionEdits(migration, { 'update-by': next.length > 0 ? next : undefined }))
          }
          options={columns.data?.map(({ name }) => ({ value: name }))}
        />
      )}
    </Field>
  );
}

type Pair = [string, string];

function pairsOf(held: unknown): Pair[] {
  return Object.entries(isMap(held) ? held : {}).map(([name, value]) => [name, String(value)]);
}

function Parameters() {
  const say = useFormTexts();
  const { migration, edit, mayEdit } = useForm();
  const held = JSON.stringify(pairsOf(migration.parameters));
  const [pairs, setPairs] = useState<Pair[]>(() => JSON.parse(held) as Pair[]);
  // A pair without a name is not in the document yet.
  useEffect(() => {
    setPairs((before) => {
      const named = before.filter(([name]) => name !== '');
      return JSON.stringify(named) === held ? before : (JSON.parse(held) as Pair[]);
    });
  }, [held]);
  const change = (next: Pair[]) => {
    setPairs(next);
    const named = next.filter(([name]) => name !== '');
    edit([[['parameters'], named.length > 0 ? Object.fromEntries(named) : undefined]]);
  };
  const put = (index: number, pair: Pair) => change(pairs.map((one, at) => (at === index ? pair : one)));
  return (
    <Field label={say('parameters')} path={['parameters']} wide group hint={say('parametersHint')}>
      {() => (
        <Flex vertical gap={6} align="start">
          {pairs.map(([name, value], index) => (
            <Flex key={index} gap={6} style={{ width: '100%', maxWidth: 560 }}>
              <Input
                aria-label={say('parameterName')}
                placeholder={say('parameterName')}
                readOnly={!mayEdit}
                value={name}
                onChange={(event) => put(index, [event.target.value.trim(), value])}
              />
              <Input
                aria-label={say('parameterValue', { name })}
                readOnly={!mayEdit}
                value={value}
                onChange={(event) => put(index, [name, event.target.value])}
              />
              {mayEdit && (
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={say('removeParameter', { name })}
                  onClick={() => change(pairs.filter((_, at) => at !== index))}
                />
              )}
            </Flex>
          ))}
          {mayEdit && (
            <Button
              size="small"
              type="dashed"
              icon={<PlusOutlined />}
              onClick={() => setPairs([...pairs, ['', '']])}
            >
              {say('addParameter')}
            </Button>
          )}
        </Flex>
      )}
    </Field>
  );
}
