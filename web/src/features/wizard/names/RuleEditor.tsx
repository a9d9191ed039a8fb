import { Button, Flex, Input, type InputRef, Typography, theme } from 'antd';
import { useEffect, useId, useRef } from 'react';
import { visible } from '@/ui/Identifier';
import { ToneText } from '@/ui/ToneText';
import { useDraft } from '../draft';
import { faultsOf, VARIABLES, type Variable, written } from './rule';
import { useTexts } from './texts';

/** A rule for the names of tasks, and beside it what it may hold. */
export function RuleEditor({
  rule,
  onChange,
  onStartOver,
  onDelete,
  values,
}: {
  rule: string;
  onChange: (rule: string) => void;
  onStartOver?: () => void;
  /** Back to the system's own naming. */
  onDelete: () => void;
  values: Record<Variable, string | undefined>;
}) {
  const say = useTexts();
  const id = useId();
  const { mayEdit } = useDraft();
  const field = useRef<InputRef>(null);
  /** Where the cursor goes once the text is there. */
  const cursor = useRef<number>(undefined);
  useEffect(() => {
    if (cursor.current === undefined) return;
    field.current?.setSelectionRange(cursor.current, cursor.current);
    cursor.current = undefined;
  });
  const insert = (variable: Variable) => {
    const input = field.current?.input;
    const [start, end] = [input?.selectionStart ?? rule.length, input?.selectionEnd ?? rule.length];
    const text = written(variable);
    cursor.current = start + text.length;
    onChange(rule.slice(0, start) + text + rule.slice(end));
    input?.focus();
  };
  const problems = useProblems(rule);
  const length = [...rule].length;
  return (
    <Flex gap={16} wrap align="flex-start">
      <Flex vertical gap={4} style={{ flex: '1 1 420px', minWidth: 0 }}>
        <label htmlFor={id}>
          <Typography.Text strong>{say('rule')}</Typography.Text>
        </label>
        <Input
          ref={field}
          id={id}
          value={rule}
          disabled={!mayEdit}
          spellCheck={false}
          status={problems.length > 0 ? 'error' : undefined}
          aria-invalid={problems.length > 0}
          aria-describedby={`${id}-said`}
          style={{ fontFamily: 'monospace' }}
          onChange={(event) => onChange(event.target.value)}
        />
        <Flex justify="space-between" gap={8} id={`${id}-said`}>
          <Flex vertical role="alert">
            {problems.map((problem) => (
              <ToneText key={problem} tone="wrong">
                {problem}
              </ToneText>
            ))}
            {problems.length === 0 && <Typography.Text type="secondary">{say('limits')}</Typography.Text>}
          </Flex>
          <Typography.Text type="secondary" style={{ flex: 'none' }}>
            {say('length', { length })}
          </Typography.Text>
        </Flex>
        {mayEdit && (
          <Flex gap={8}>
            {onStartOver && (
              <Button size="small" onClick={onStartOver}>
                {say('startOver')}
              </Button>
            )}
            <Button size="small" onClick={onDelete}>
              {say('delete')}
            </Button>
          </Flex>
        )}
      </Flex>
      <Variables values={values} disabled={!mayEdit} onInsert={insert} />
    </Flex>
  );
}

function useProblems(rule: string): string[] {
  const say = useTexts();
  const { isBlank, tooLong, forbidden, unknown } = faultsOf(rule);
  if (isBlank) return [say('blank')];
  return [
    ...(forbidden.length > 0 ? [say('forbidden', { signs: forbidden.map(visible).join(' ') })] : []),
    ...(tooLong !== null ? [say('tooLong', { length: tooLong })] : []),
    ...(unknown.length > 0
      ? [say('unknown', { names: unknown.map((name) => `\${${visible(name)}}`).join(', ') })]
      : []),
  ];
}

/** What a rule may hold, each with its value for the first table; a click puts it in. */
function Variables({
  values,
  disabled,
  onInsert,
}: {
  values: Record<Variable, string | undefined>;
  disabled: boolean;
  onInsert: (variable: Variable) => void;
}) {
  const say = useTexts();
  const { token } = theme.useToken();
  return (
    <Flex vertical gap={4} style={{ flex: '1 1 420px', minWidth: 0 }}>
      <Typography.Text strong>{say('variables')}</Typography.Text>
      <Flex
        vertical
        component="ul"
        style={{
          margin: 0,
          padding: 0,
          listStyle: 'none',
          border: `1px solid ${token.colorBorderSecondary}`,
          borderRadius: token.borderRadius,
        }}
      >
        {VARIABLES.map((variable) => (
          <li key={variable} style={{ display: 'flex', gap: 8, alignItems: 'center', padding: '2px 8px' }}>
            <Button
              type="link"
              size="small"
              disabled={disabled}
              aria-label={say('insert', { name: variable })}
              // The field keeps its cursor.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => onInsert(variable)}
              style={{ fontFamily: token.fontFamilyCode, padding: 0, fontSize: 12 }}
            >
              {written(variable)}
            </Button>
            <Typography.Text type="secondary" style={{ fontSize: 12, flex: 1 }} ellipsis>
              {say(variable === 'method' ? 'method_variable' : variable)}
            </Typography.Text>
            <Typography.Text style={{ fontSize: 12, maxWidth: 160 }} ellipsis>
              {visible(values[variable] ?? say('noValue'))}
            </Typography.Text>
          </li>
        ))}
      </Flex>
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {say('insertHint')}
      </Typography.Text>
    </Flex>
  );
}
