import { useMutation } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Flex, Input, Modal, Radio, Typography } from 'antd';
import { useId, useMemo, useState } from 'react';
import { Problem } from '@/ui/Problem';
import { ToneText } from '@/ui/ToneText';
import { useTexts } from './advancedTexts';
import { SearchResults } from './SearchResults';
import { type Asked, searchAll, termsOf } from './searching';
import type { Selection } from './useSelection';
import { useSearchTables } from './useSourceTables';

const START: Asked = { how: 'exact', content: '', separator: '\\n', anyCase: false };

/** Looks through all tables of the source, and ticks what is found, or takes the ticks off. */
export function AdvancedSearch({
  source,
  schemas,
  selection,
  onClose,
}: {
  source: string;
  schemas: readonly string[];
  selection: Selection;
  onClose: () => void;
}) {
  const say = useTexts();
  const [asked, setAsked] = useState(START);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [on, setOn] = useState(true);
  const search = useSearchTables(source);
  const run = useMutation({
    mutationFn: (asked: Asked) => searchAll(search, asked, schemas),
    onSuccess: (found) => setTicked(new Set(found.rows.map((row) => row.key))),
  });
  const terms = useMemo(() => termsOf(asked), [asked]);
  const found = run.data;
  const isStale = found !== undefined && run.variables !== asked;
  const start = () => terms.length > 0 && run.mutate(asked);
  const finish = () => {
    const chosen = (found?.rows ?? []).filter((row) => ticked.has(row.key));
    if (chosen.length > 0) selection.tick(chosen, on);
    onClose();
  };
  return (
    <Modal
      open
      style={{ top: 32 }}
      width={860}
      title={say('title')}
      okText={say('ok')}
      cancelText={say('cancel')}
      okButtonProps={{ disabled: ticked.size === 0 }}
      onOk={finish}
      onCancel={onClose}
    >
      <Flex vertical gap={12}>
        <Typography.Text type="secondary">{say('intro')}</Typography.Text>
        <SearchForm asked={asked} onChange={setAsked} onSearch={start} />
        <Flex gap={12} align="center">
          <Button type="primary" disabled={terms.length === 0} loading={run.isPending} onClick={start}>
            {say('search')}
          </Button>
          {isStale && <ToneText tone="caution">{say('again')}</ToneText>}
        </Flex>
        <Problem error={run.error} />
        {found && (
          <SearchResults found={found} ticked={ticked} onTicked={setTicked} chosen={selection.keys} />
        )}
        {found && found.rows.length > 0 && (
          <Radio.Group
            aria-label={say('operation')}
            value={on}
            onChange={(event) => setOn(event.target.value === true)}
            options={[
              { value: true, label: say('select') },
              { value: false, label: say('deselect') },
            ]}
          />
        )}
        {selection.way !== 'listed' && <Alert type="info" showIcon title={say('becomesList')} />}
      </Flex>
    </Modal>
  );
}

function SearchForm({
  asked,
  onChange,
  onSearch,
}: {
  asked: Asked;
  onChange: (asked: Asked) => void;
  onSearch: () => void;
}) {
  const say = useTexts();
  const id = useId();
  const isExact = asked.how === 'exact';
  return (
    <>
      <Flex gap={16} align="center" wrap>
        <Radio.Group
          aria-label={say('how')}
          value={asked.how}
          onChange={(event) =>
            onChange({ ...asked, how: event.target.value === 'exact' ? 'exact' : 'fuzzy' })
          }
          options={[
            { value: 'exact', label: say('exact') },
            { value: 'fuzzy', label: say('fuzzy') },
          ]}
        />
        {isExact && (
          <Flex gap={8} align="center">
            <label htmlFor={`${id}-separator`}>{say('separator')}</label>
            <Input
              id={`${id}-separator`}
              style={{ width: 90, fontFamily: 'monospace' }}
              value={asked.separator}
              title={say('separatorHint')}
              onChange={(event) => onChange({ ...asked, separator: event.target.value })}
            />
          </Flex>
        )}
        <Checkbox
          checked={asked.anyCase}
          onChange={(event) => onChange({ ...asked, anyCase: event.target.checked })}
        >
          {say('anyCase')}
        </Checkbox>
      </Flex>
      <div>
        <label htmlFor={`${id}-content`}>{say('content')}</label>
        <Input.TextArea
          id={`${id}-content`}
          autoFocus
          rows={isExact ? 5 : 2}
          placeholder={isExact ? say('contentExact') : say('contentFuzzy')}
          value={asked.content}
          onChange={(event) => onChange({ ...asked, content: event.target.value })}
          onKeyDown={(event) => {
            const sends = event.key === 'Enter' && (!isExact || event.ctrlKey || event.metaKey);
            if (!sends) return;
            event.preventDefault();
            onSearch();
          }}
        />
      </div>
    </>
  );
}
