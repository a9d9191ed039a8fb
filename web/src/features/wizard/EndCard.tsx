import { PlusOutlined } from '@ant-design/icons';
import { Button, Collapse, Flex, type RefSelectProps, Select, Typography } from 'antd';
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { useMayHere } from '@/app/project';
import { useDataSources } from '@/features/data-sources/data';
import { useConnectors } from '@/forms/connectors';
import { SchemaForm } from '@/forms/SchemaForm';
import { defineTexts } from '@/ui/texts';

import { type Draft, useDraft } from './draft';
import { Field } from './Field';

const DataSourceDrawer = lazy(async () => ({
  default: (await import('@/features/data-sources/DataSourceDrawer')).DataSourceDrawer,
}));

const useTexts = defineTexts(
  'wizard-end',
  {
    type: 'Data source type',
    typePlaceholder: 'Choose a type',
    dataSource: 'Data source',
    placeholder: 'Choose a data source',
    none: 'No data source of this type yet',
    make: 'New data source',
    readOptions: 'Read options of {{type}}',
    writeOptions: 'Write options of {{type}}',
    changed_one: '{{count}} set',
    changed_other: '{{count}} set',
  },
  {
    type: '数据源类型',
    typePlaceholder: '请选择类型',
    dataSource: '数据源',
    placeholder: '请选择数据源',
    none: '该项目中还没有此类型的数据源',
    make: '新建数据源',
    readOptions: '{{type}} 的读取选项',
    writeOptions: '{{type}} 的写入选项',
    changed_other: '已设置 {{count}} 项',
  },
);

/** What of an end is the migration's own; what else stands there are options of its connector. */
const OWN = {
  source: ['data-source', 'schemas', 'time-zone'],
  destination: ['data-source', 'namespace', 'loading-policy', 'indexes'],
};

/** One end: its type, its data source, what the migration says of it, and its connector's options. */
export function EndCard({
  end,
  title,
  children,
}: {
  end: 'source' | 'destination';
  title: string;
  children: ReactNode;
}) {
  const say = useTexts();
  const { draft, change, mayEdit, source, destination } = useDraft();
  const mayMake = useMayHere()('manage-data-sources');
  const connectors = useConnectors();
  const sources = useDataSources();
  const chosen = end === 'source' ? source : destination;
  const [picked, setPicked] = useState<string>();
  const [isMaking, setIsMaking] = useState(false);
  const list = useRef<RefSelectProps>(null);
  const type = chosen?.type ?? picked;
  const able = connectors.data?.filter(({ capabilities }) =>
    end === 'source' ? capabilities.read !== null : capabilities.write !== null,
  );
  const ofType = (sources.data ?? []).filter((one) => type === undefined || one.type === type);
  const usable = ofType.filter((one) => able?.some(({ id }) => id === one.type) ?? true);
  const choose = (name: string | undefined) => change((draft) => withEnd(draft, end, name));
  const wasMaking = useRef(false);
  useEffect(() => {
    // The drawer is gone, and where the keyboard was with it.
    if (wasMaking.current && !isMaking) list.current?.focus();
    wasMaking.current = isMaking;
  }, [isMaking]);
  const pickType = (next: string) => {
    setPicked(next);
    if (chosen !== undefined && chosen.type !== next) choose(undefined);
  };
  return (
    <section aria-label={title} style={{ flex: '1 1 360px', minWidth: 0 }}>
      <Typography.Title level={3} style={{ fontSize: 14, marginTop: 0 }}>
        {title}
      </Typography.Title>
      <Flex vertical gap={16}>
        <Field at={`migration.${end}.type`} label={say('type')}>
          {(id) => (
            <Select
              id={id}
              showSearch={{ optionFilterProp: 'label' }}
              disabled={!mayEdit}
              loading={connectors.isPending}
              value={type}
              placeholder={say('typePlaceholder')}
              options={able?.map(({ id, title }) => ({ value: id, label: title }))}
              onChange={pickType}
            />
          )}
        </Field>
        <Field at={`migration.${end}.data-source`} label={say('dataSource')}>
          {(id) => (
            <Flex gap={8}>
              <Select
                ref={list}
                id={id}
                style={{ flex: 1, minWidth: 0 }}
                showSearch={{ optionFilterProp: 'label' }}
                disabled={!mayEdit}
                loading={sources.isPending}
                value={draft[end]?.['data-source']}
                placeholder={say('placeholder')}
                notFoundContent={<Typography.Text type="secondary">{say('none')}</Typography.Text>}
                options={usable.map((one) => ({
                  value: one.name,
                  label: one.name,
                  title: one.description ?? '',
                }))}
                onChange={choose}
              />
              {mayMake && mayEdit && (
                <Button icon={<PlusOutlined />} onClick={() => setIsMaking(true)}>
                  {say('make')}
                </Button>
              )}
            </Flex>
          )}
        </Field>
        {children}
        <Options end={end} />
      </Flex>
      {isMaking && (
        <Suspense>
          <DataSourceDrawer
            open
            role={end}
            type={type}
            onClose={() => setIsMaking(false)}
            onCreated={(made) => {
              setIsMaking(false);
              void sources.refetch().then(() => choose(made.name));
            }}
          />
        </Suspense>
      )}
    </section>
  );
}

/** The draft with another data source at this end; options of the connector before are not the next one's. */
function withEnd(draft: Draft, end: 'source' | 'destination', name: string | undefined): Draft {
  const { 'data-source': _, ...rest } = draft[end] ?? {};
  const next = name === undefined ? rest : { 'data-source': name, ...rest };
  return { ...draft, [end]: next };
}

function Options({ end }: { end: 'source' | 'destination' }) {
  const say = useTexts();
  const { draft, change, reads, writes, findings, mayEdit } = useDraft();
  const connector = end === 'source' ? reads : writes;
  const schema = end === 'source' ? connector?.options.read : connector?.options.write;
  if (connector === undefined || schema == null || Object.keys(schema.properties ?? {}).length === 0)
    return null;
  const own = OWN[end];
  const entries = Object.entries(draft[end] ?? {});
  const value = Object.fromEntries(entries.filter(([key]) => !own.includes(key)));
  const kept = Object.fromEntries(entries.filter(([key]) => own.includes(key)));
  const set = Object.keys(value).length;
  const prefix = `migration.${end}`;
  const options = Object.keys(schema.properties ?? {}).map((key) => `${prefix}.${key}`);
  // A key that no connector knows is told here, too: nowhere else could it be taken out.
  const about = findings.filter(
    ({ at, code }) =>
      options.some((option) => at === option || at.startsWith(`${option}.`)) ||
      (code === 'UNKNOWN_KEY' && at.startsWith(`${prefix}.`)),
  );
  return (
    <Collapse
      data-options={prefix}
      size="small"
      defaultActiveKey={about.length > 0 ? ['options'] : []}
      items={[
        {
          key: 'options',
          label: say(end === 'source' ? 'readOptions' : 'writeOptions', { type: connector.title }),
          extra: set > 0 ? say('changed', { count: set }) : undefined,
          forceRender: true,
          children: (
            <SchemaForm
              schema={schema}
              value={value}
              onChange={(next) => change((draft) => ({ ...draft, [end]: { ...kept, ...next } }))}
              findings={about}
              prefix={prefix}
              disabled={!mayEdit}
            />
          ),
        },
      ]}
    />
  );
}
