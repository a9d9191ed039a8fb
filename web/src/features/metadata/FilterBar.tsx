import { Checkbox, Flex, Input, Segmented, Select } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { useSearch } from '@/ui/useSearch';
import type { Filters } from './data';
import { useTexts } from './texts';

/** What is looked for, as it stands in the address. */
export function useFilters() {
  const search = useSearch();
  const isExact = search.get('how') === 'names';
  const text = search.get('q') ?? '';
  const schemas = search.get('schema');
  const isCased = search.get('case') === 'exact';
  const asked = useMemo((): Filters => {
    const parts = text.split(isExact ? /[\n,]+/ : /\s+/).map((part) => part.trim());
    const words = [...new Set(parts.filter(Boolean))];
    return {
      schemas: schemas ? schemas.split('\n') : [],
      names: isExact ? words : [],
      keywords: isExact ? [] : words,
      anyCase: !isCased,
    };
  }, [text, isExact, schemas, isCased]);
  return { search, isExact, text, isCased, asked, isActive: text.trim() !== '' || asked.schemas.length > 0 };
}

/** Searches the tables of a data source: by words of their names, or by exact names in bulk. */
export function FilterBar({
  filters,
  schemas,
}: {
  filters: ReturnType<typeof useFilters>;
  schemas: readonly string[];
}) {
  const say = useTexts();
  const { search, isExact, isCased, asked } = filters;
  const [text, setText] = useSlowly(filters.text, (q) => search.set({ q }));
  const shared = {
    'aria-label': say(isExact ? 'byNames' : 'byWords'),
    placeholder: say(isExact ? 'namesHint' : 'wordsHint'),
    value: text,
    allowClear: true,
    spellCheck: false,
  };
  return (
    <Flex gap={8} wrap align="start">
      <Segmented
        aria-label={say('search')}
        value={isExact ? 'names' : 'words'}
        onChange={(how) => search.set({ how: how === 'names' ? how : undefined })}
        options={[
          { value: 'words', label: say('byWords') },
          { value: 'names', label: say('byNames') },
        ]}
      />
      <div style={{ flex: '1 1 260px', maxWidth: 420 }}>
        {isExact ? (
          <Input.TextArea
            {...shared}
            autoSize={{ minRows: 1, maxRows: 6 }}
            onChange={(event) => setText(event.target.value)}
          />
        ) : (
          <Input {...shared} onChange={(event) => setText(event.target.value)} />
        )}
      </div>
      <Select
        mode="multiple"
        allowClear
        aria-label={say('schema')}
        placeholder={say('allSchemas')}
        style={{ minWidth: 180, maxWidth: 360 }}
        maxTagCount="responsive"
        value={asked.schemas}
        onChange={(next: string[]) => search.set({ schema: next.join('\n') })}
        options={schemas.map((one) => ({ value: one, label: one }))}
      />
      <Checkbox
        style={{ marginBlockStart: 5 }}
        checked={!isCased}
        onChange={(event) => search.set({ case: event.target.checked ? undefined : 'exact' })}
      >
        {say('anyCase')}
      </Checkbox>
    </Flex>
  );
}

/** A text that is told on once its writer pauses. */
function useSlowly(given: string, tell: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(given);
  const [told, setTold] = useState(given);
  if (given !== told) {
    setTold(given);
    setText(given);
  }
  useEffect(() => {
    if (text === told) return;
    const due = setTimeout(() => {
      setTold(text);
      tell(text);
    }, 250);
    return () => clearTimeout(due);
  }, [text, told, tell]);
  return [text, setText];
}
