import { Flex, Input, Radio, Typography } from 'antd';
import { useId } from 'react';
import type { Schemas } from '@/api/client';
import { useDraft } from '../draft';
import { useTexts } from './drawerTexts';

type TableFilter = Schemas['TableFilter'];
const BIZDATE = `\${bizdate}`;

type Part = 'one-time' | 'daily';

/** Whether a table has a filter of its own, and which, for the parts that the method has. */
export function OwnFilter({
  value,
  onChange,
}: {
  value: TableFilter | undefined;
  onChange: (value: TableFilter | undefined) => void;
}) {
  const say = useTexts();
  const id = useId();
  const { draft, mayEdit } = useDraft();
  const kind = draft.method?.kind ?? 'one-time';
  const parts: Part[] = kind === 'daily-and-one-time' ? ['daily', 'one-time'] : [kind];
  const own = typeof value === 'object' ? value : undefined;
  const mode = value === undefined ? 'general' : own ? 'own' : 'none';
  return (
    <Flex vertical gap={6}>
      <Typography.Text strong>{say('filter')}</Typography.Text>
      <Radio.Group
        aria-label={say('filter')}
        value={mode}
        disabled={!mayEdit}
        onChange={(event) => {
          const next: unknown = event.target.value;
          onChange(next === 'general' ? undefined : next === 'none' ? 'none' : {});
        }}
        options={(['general', 'none', 'own'] as const).map((mode) => ({ value: mode, label: say(mode) }))}
      />
      {own &&
        parts.map((part) => (
          <div key={part}>
            {parts.length > 1 && <label htmlFor={`${id}-${part}`}>{say(part)}</label>}
            <Input.TextArea
              id={`${id}-${part}`}
              aria-label={say(part)}
              autoSize={{ minRows: 1, maxRows: 6 }}
              style={{ fontFamily: 'monospace' }}
              value={own[part] ?? ''}
              disabled={!mayEdit}
              onChange={(event) => {
                const { [part]: _, ...others } = own;
                onChange(event.target.value === '' ? others : { ...own, [part]: event.target.value });
              }}
            />
          </div>
        ))}
      {own && <Typography.Text type="secondary">{say('filterHint', { variable: BIZDATE })}</Typography.Text>}
    </Flex>
  );
}
