import { Button, Drawer, Flex, InputNumber, Select, Typography } from 'antd';
import { type ReactNode, useId, useMemo, useState } from 'react';
import { visible } from '@/ui/Identifier';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { useDraft } from '../draft';
import { ColumnChoices } from './ColumnChoices';
import { useTexts } from './drawerTexts';
import { type Exception, plainException } from './exceptions';
import { OwnFilter } from './OwnFilter';
import type { TableId } from './reference';
import { useTableDetail } from './useTableDetail';

const NO_COLUMNS: never[] = [];

/** What is different for one table: its filter, how it is cut, how its columns are read. */
export function TableDrawer({
  table,
  source,
  initial,
  onApply,
  onClose,
}: {
  table: TableId;
  source: string;
  initial: Exception;
  onApply: (exception: Exception | undefined) => void;
  onClose: () => void;
}) {
  const say = useTexts();
  const { draft, reads, mayEdit } = useDraft();
  const [own, setOwn] = useState(initial);
  const set = (more: Exception) => setOwn((old) => ({ ...old, ...more }));
  const detail = useTableDetail(source, table);
  const columns = detail.data?.columns ?? NO_COLUMNS;
  const options = useMemo(
    () => columns.map(({ name }) => ({ value: name, label: visible(name) })),
    [columns],
  );
  const apply = (exception: Exception) => {
    onApply(plainException(exception));
    onClose();
  };
  const read = reads?.capabilities.read;
  const splitBy = own['split-by'];
  const updates = draft.destination?.['loading-policy'] === 'update';
  return (
    <Drawer
      open
      size={860}
      title={
        <span style={{ overflowWrap: 'anywhere' }}>
          {say('title', { table: visible(`${table.schema}.${table.table}`) })}
        </span>
      }
      onClose={onClose}
      footer={
        mayEdit ? (
          <Flex justify="space-between">
            <Button type="text" onClick={() => apply({})}>
              {say('reset')}
            </Button>
            <Flex gap={8}>
              <Button onClick={onClose}>{say('cancel')}</Button>
              <Button type="primary" onClick={() => apply(own)}>
                {say('apply')}
              </Button>
            </Flex>
          </Flex>
        ) : (
          <Button onClick={onClose}>{say('close')}</Button>
        )
      }
    >
      <Flex vertical gap={16}>
        <Typography.Text type="secondary">{say('intro')}</Typography.Text>
        {read?.filter !== false && (
          <OwnFilter value={own.filter ?? undefined} onChange={(filter) => set({ filter })} />
        )}
        {read?.splits !== false && (
          <Flex gap={16} wrap>
            <Field label={say('splitBy')} hint={say('splitByHint')}>
              {(id) => (
                <Columns
                  id={id}
                  options={options}
                  value={typeof splitBy === 'string' ? [splitBy] : (splitBy ?? [])}
                  disabled={!mayEdit}
                  onChange={(names) => set({ 'split-by': names })}
                />
              )}
            </Field>
            <Field label={say('splits')} hint={say('splitsHint')}>
              {(id) => (
                <InputNumber
                  id={id}
                  min={1}
                  max={1024}
                  precision={0}
                  placeholder={say('byDefault')}
                  value={own.splits ?? null}
                  disabled={!mayEdit}
                  onChange={(splits) => set({ splits })}
                />
              )}
            </Field>
          </Flex>
        )}
        {updates && (
          <Field label={say('updateBy')} hint={say('updateByHint')}>
            {(id) => (
              <Columns
                id={id}
                options={options}
                value={own['update-by'] ?? []}
                disabled={!mayEdit}
                onChange={(names) => set({ 'update-by': names })}
              />
            )}
          </Field>
        )}
        <Typography.Text strong>{say('columns')}</Typography.Text>
        {detail.isPending && <Waiting />}
        <Problem error={detail.error} />
        {detail.data && (
          <ColumnChoices
            columns={columns}
            keyColumns={detail.data.primary_key}
            value={own.columns ?? {}}
            onChange={(choices) => set({ columns: choices })}
          />
        )}
      </Flex>
    </Drawer>
  );
}

function Field({
  label,
  hint,
  children,
}: {
  label: string;
  hint: string;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <Flex vertical gap={4} style={{ flex: '1 1 260px' }}>
      <label htmlFor={id}>
        <Typography.Text strong>{label}</Typography.Text>
      </label>
      {children(id)}
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {hint}
      </Typography.Text>
    </Flex>
  );
}

/** Columns of the table, in the order in which they are chosen; others may be typed. */
function Columns({
  id,
  options,
  value,
  disabled,
  onChange,
}: {
  id: string;
  options: { value: string; label: string }[];
  value: string[];
  disabled: boolean;
  onChange: (names: string[]) => void;
}) {
  const say = useTexts();
  return (
    <Select
      id={id}
      mode="tags"
      options={options}
      placeholder={say('byDefault')}
      value={value}
      disabled={disabled}
      onChange={onChange}
    />
  );
}
