import { Alert, Flex, Select, Typography } from 'antd';
import { useId } from 'react';
import { useDraft } from '../draft';
import { globToRegExp } from './glob';
import { TickThese } from './TickThese';
import { useTexts } from './texts';
import type { Selection } from './useSelection';

/** Which tables move, by patterns. */
export function PatternForm({ selection }: { selection: Selection }) {
  const say = useTexts();
  const { draft, mayEdit } = useDraft();
  const include = draft.tables?.matching?.include ?? [];
  const exclude = draft.tables?.matching?.exclude ?? [];
  const bad = [...include, ...exclude].filter((glob) => globToRegExp(glob) === null);
  return (
    <Flex vertical gap={8}>
      <Flex gap={16} wrap>
        <Patterns
          label={say('include')}
          placeholder={say('includePlaceholder')}
          value={include}
          disabled={!mayEdit}
          onChange={(include) => selection.setMatching({ include, exclude })}
        />
        <Patterns
          label={say('exclude')}
          placeholder={say('excludePlaceholder')}
          value={exclude}
          disabled={!mayEdit}
          onChange={(exclude) => selection.setMatching({ include, exclude })}
        />
      </Flex>
      <Flex gap={8} align="baseline" justify="space-between" wrap>
        <Typography.Text type="secondary">{say('patternHint')}</Typography.Text>
        <TickThese selection={selection} />
      </Flex>
      {bad.length > 0 && (
        <Alert type="warning" showIcon title={say('badPattern', { patterns: bad.join('  ') })} />
      )}
    </Flex>
  );
}

function Patterns({
  label,
  placeholder,
  value,
  disabled,
  onChange,
}: {
  label: string;
  placeholder: string;
  value: string[];
  disabled: boolean;
  onChange: (value: string[]) => void;
}) {
  const id = useId();
  return (
    <div style={{ flex: '1 1 320px', minWidth: 0 }}>
      <label htmlFor={id}>{label}</label>
      <Select
        id={id}
        mode="tags"
        open={false}
        suffixIcon={null}
        style={{ width: '100%' }}
        placeholder={placeholder}
        value={value}
        disabled={disabled}
        onChange={onChange}
        tokenSeparators={['\n']}
      />
    </div>
  );
}
