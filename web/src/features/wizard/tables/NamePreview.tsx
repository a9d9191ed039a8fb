import { ArrowRightOutlined } from '@ant-design/icons';
import { Flex, Tag, Typography, theme } from 'antd';
import { type ReactNode, useMemo } from 'react';
import { count } from '@/ui/format';
import { Identifier, visible } from '@/ui/Identifier';
import { ToneText } from '@/ui/ToneText';
import { useDraft } from '../draft';
import { collisions, columnName, type Named, type Rules, tableName } from './naming';
import { useTexts } from './rulesTexts';
import type { Row } from './selection';
import { useTableDetail } from './useTableDetail';
import { limitsOf } from './useTargets';

const TABLES = 12;
const COLUMNS = 8;

/** What rules make of the first tables and of the columns of the first one, and how many names would clash. */
export function NamePreview({
  rules,
  rows,
  source,
}: {
  rules: Rules;
  rows: readonly Row[];
  source: string | undefined;
}) {
  const say = useTexts();
  const { writes } = useDraft();
  const limits = useMemo(() => limitsOf(writes), [writes]);
  const told = useMemo(() => {
    const named = rows.map((row) => [row.key, tableName(rules, row, limits)] as const);
    let colliding = 0;
    for (const keys of collisions(named).values()) colliding += keys.length;
    const faulty = named.filter(([, one]) => one.fault !== undefined).length;
    const changed = rows.filter((row, index) => named[index]?.[1].name !== row.table).length;
    return { first: named.slice(0, TABLES).map(([, one]) => one), colliding, faulty, changed };
  }, [rows, rules, limits]);
  const first = rows[0];
  const detail = useTableDetail(source, first);
  const columns = detail.data?.columns.slice(0, COLUMNS) ?? [];
  const { token } = theme.useToken();
  return (
    <Flex
      vertical
      gap={12}
      role="region"
      aria-label={say('preview')}
      style={{
        position: 'sticky',
        top: 16,
        flex: '1 1 400px',
        minWidth: 0,
        padding: 12,
        background: token.colorFillQuaternary,
        borderRadius: token.borderRadius,
      }}
    >
      <Flex gap={6} wrap role="status">
        <Verdict
          wrong={told.colliding > 0}
          text={
            told.colliding > 0
              ? say('collide', { count: told.colliding, shown: count(told.colliding) })
              : say('collideNone')
          }
        />
        <Verdict
          wrong={told.faulty > 0}
          text={
            told.faulty > 0
              ? say('faulty', { count: told.faulty, shown: count(told.faulty) })
              : say('legalAll')
          }
        />
        <Tag>{say('changed', { count: told.changed, shown: count(told.changed) })}</Tag>
      </Flex>
      <Names title={say('previewTables')}>
        {rows.length === 0 && <Typography.Text type="secondary">{say('previewNone')}</Typography.Text>}
        {rows.slice(0, TABLES).map((row, index) => (
          <Pair key={row.key} from={row.table} to={told.first[index]} />
        ))}
      </Names>
      {first && columns.length > 0 && (
        <Names title={say('previewFields', { table: visible(first.table) })}>
          {columns.map(({ name }) => (
            <Pair key={name} from={name} to={columnName(rules, name, limits)} />
          ))}
        </Names>
      )}
    </Flex>
  );
}

function Verdict({ wrong, text }: { wrong: boolean; text: string }) {
  return <Tag>{wrong ? <ToneText tone="wrong">✕ {text}</ToneText> : <>✓ {text}</>}</Tag>;
}

function Names({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Flex vertical gap={2}>
      <Typography.Text strong ellipsis>
        {title}
      </Typography.Text>
      {children}
    </Flex>
  );
}

function Pair({ from, to }: { from: string; to: Named | undefined }) {
  const { token } = theme.useToken();
  const colour = to?.fault ? token.red8 : undefined;
  return (
    <Flex gap={8} align="center" style={{ fontFamily: token.fontFamilyCode, fontSize: 12 }}>
      <Identifier name={from} style={{ flex: '1 1 0', color: token.colorTextSecondary }} />
      <ArrowRightOutlined aria-hidden style={{ color: token.colorTextTertiary }} />
      <span style={{ display: 'flex', flex: '1 1 0', minWidth: 0, color: colour }}>
        <Identifier name={to?.name === '' ? '∅' : (to?.name ?? '')} />
      </span>
    </Flex>
  );
}
