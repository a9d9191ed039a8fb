import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Input, Typography } from 'antd';
import { useEffect, useRef } from 'react';
import { visible } from '@/ui/Identifier';
import { ToneText } from '@/ui/ToneText';
import type { Rule } from './naming';
import { useTexts } from './rulesTexts';

const MOST = 500;

/** Rules that replace texts in names, in the order in which they apply. */
export function RuleList({
  title,
  hint,
  rules,
  onChange,
  disabled,
}: {
  title: string;
  hint?: string;
  rules: readonly Rule[];
  onChange: (rules: Rule[]) => void;
  disabled?: boolean;
}) {
  const say = useTexts();
  const list = useRef<HTMLDivElement>(null);
  const added = useRef(false);
  useEffect(() => {
    if (!added.current) return;
    added.current = false;
    list.current?.querySelector<HTMLInputElement>('[data-rule]:last-of-type input')?.focus();
  });
  const set = (index: number, rule: Rule) => onChange(rules.map((old, at) => (at === index ? rule : old)));
  const swap = (index: number, other: number) => {
    const next = [...rules];
    const [one, two] = [next[index], next[other]];
    if (!one || !two) return;
    next[index] = two;
    next[other] = one;
    onChange(next);
  };
  return (
    <Flex ref={list} vertical gap={6} role="group" aria-label={title}>
      <Typography.Text strong>{title}</Typography.Text>
      {hint && <Typography.Text type="secondary">{hint}</Typography.Text>}
      {rules.map((rule, index) => (
        <RuleLine
          key={index}
          number={index + 1}
          rule={rule}
          disabled={disabled}
          isLast={index === rules.length - 1}
          onChange={(next) => set(index, next)}
          onMove={(by) => swap(index, index + by)}
          onRemove={() => onChange(rules.filter((_, at) => at !== index))}
        />
      ))}
      <div>
        <Button
          size="small"
          icon={<PlusOutlined aria-hidden />}
          disabled={disabled || rules.length >= MOST}
          title={rules.length >= MOST ? say('tooMany') : undefined}
          onClick={() => {
            added.current = true;
            onChange([...rules, { replace: '', with: '' }]);
          }}
        >
          {say('add')}
        </Button>
      </div>
    </Flex>
  );
}

function RuleLine({
  number,
  rule,
  disabled,
  isLast,
  onChange,
  onMove,
  onRemove,
}: {
  number: number;
  rule: Rule;
  disabled?: boolean;
  isLast: boolean;
  onChange: (rule: Rule) => void;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}) {
  const say = useTexts();
  const isIdle = rule.replace === '' && rule.with !== '';
  const signs = visible(rule.replace).replaceAll(' ', '␣');
  return (
    <div data-rule>
      <Flex gap={6} align="center">
        <Input
          aria-label={`${say('rule', { number })}: ${say('replace')}`}
          placeholder={say('replace')}
          value={rule.replace}
          disabled={disabled}
          status={isIdle ? 'warning' : undefined}
          onChange={(event) => onChange({ ...rule, replace: event.target.value })}
        />
        <span style={{ flex: 'none' }}>{say('with')}</span>
        <Input
          aria-label={`${say('rule', { number })}: ${say('with')}`}
          placeholder={say('withNothing')}
          value={rule.with}
          disabled={disabled}
          onChange={(event) => onChange({ ...rule, with: event.target.value })}
        />
        <Button
          type="text"
          size="small"
          icon={<ArrowUpOutlined />}
          aria-label={say('up', { number })}
          disabled={disabled || number === 1}
          onClick={() => onMove(-1)}
        />
        <Button
          type="text"
          size="small"
          icon={<ArrowDownOutlined />}
          aria-label={say('down', { number })}
          disabled={disabled || isLast}
          onClick={() => onMove(1)}
        />
        <Button
          type="text"
          size="small"
          danger
          icon={<DeleteOutlined />}
          aria-label={say('remove', { number })}
          disabled={disabled}
          onClick={onRemove}
        />
      </Flex>
      {signs !== rule.replace && (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {say('holds', { signs })}
        </Typography.Text>
      )}
      {isIdle && <ToneText tone="caution">{say('needed')}</ToneText>}
    </div>
  );
}
