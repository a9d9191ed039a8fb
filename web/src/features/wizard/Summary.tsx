import { ArrowRightOutlined, CloseCircleFilled, InfoCircleFilled, WarningFilled } from '@ant-design/icons';
import { Button, Flex, Popover, Typography, theme } from 'antd';
import { type ReactNode, useState } from 'react';
import type { Schemas } from '@/api/client';
import { FindingList } from '@/ui/Findings';
import { count } from '@/ui/format';
import { defineTexts } from '@/ui/texts';
import { useDraft } from './draft';
import { kindOf } from './method';
import type { SaveState } from './saving';
import { reveal } from './sections';
import { useTableCount } from './tableCount';

const useTexts = defineTexts(
  'wizard-summary',
  {
    summary: 'Summary',
    noSource: 'no source',
    noTarget: 'no target',
    tables_one: '{{count}} table',
    tables_other: '{{count}} tables',
    about: 'about {{text}}',
    someTables: 'tables by pattern',
    noTables: 'no tables',
    daily: 'daily',
    'one-time': 'one-time',
    'daily-and-one-time': 'daily + one-time',
    concurrent: 'all at 00:00',
    batch: '{{size}} every {{hours}} h',
    findings: 'Findings',
    blockers_one: '{{count}} blocker',
    blockers_other: '{{count}} blockers',
    warnings_one: '{{count}} warning',
    warnings_other: '{{count}} warnings',
    notes_one: '{{count}} note',
    notes_other: '{{count}} notes',
    none: 'No findings',
    saved: 'Saved',
    waiting: 'Not saved yet',
    saving: 'Saving…',
    refused: 'Not saved',
    conflict: 'Edited by somebody else',
  },
  {
    summary: '概要',
    noSource: '未选来源',
    noTarget: '未选目标',
    tables_other: '{{count}} 张表',
    about: '约 {{text}}',
    someTables: '按模式选表',
    noTables: '未选表',
    daily: '每日',
    'one-time': '一次性',
    'daily-and-one-time': '每日 + 一次性',
    concurrent: '00:00 同时开始',
    batch: '每 {{hours}} 小时 {{size}} 张',
    findings: '发现的问题',
    blockers_other: '{{count}} 个阻断',
    warnings_other: '{{count}} 个警告',
    notes_other: '{{count}} 条提示',
    none: '没有问题',
    saved: '已保存',
    waiting: '尚未保存',
    saving: '正在保存…',
    refused: '未能保存',
    conflict: '已被他人修改',
  },
);

/** What matters of the migration, always in sight; and what can be done with it. */
export function Summary({
  findings,
  saveState,
  actions,
  children,
}: {
  findings: readonly Schemas['Finding'][];
  saveState: SaveState;
  actions: ReactNode;
  /** What must not be overlooked. */
  children?: ReactNode;
}) {
  const say = useTexts();
  const { token } = theme.useToken();
  return (
    <section
      aria-label={say('summary')}
      style={{
        position: 'sticky',
        top: 0,
        zIndex: 9,
        marginInline: -24,
        padding: '8px 24px',
        background: token.colorBgLayout,
        borderBlockEnd: `1px solid ${token.colorBorderSecondary}`,
      }}
    >
      <Flex align="center" justify="space-between" gap={12}>
        <What />
        <Flex gap={8} align="center" style={{ flexShrink: 0 }}>
          <Found findings={findings} />
          <Saved state={saveState} />
          {actions}
        </Flex>
      </Flex>
      {children}
    </section>
  );
}

/** Both ends stay legible where there is little room; what else there is to tell gives way. */
const END = { flexShrink: 0, maxWidth: 180 } as const;

function What() {
  const say = useTexts();
  const { draft } = useDraft();
  const tables = useTableCount();
  const source = draft.source?.['data-source'];
  const target = draft.destination?.['data-source'];
  const { mode, 'tasks-per-batch': size, 'every-hours': hours } = draft.schedule ?? {};
  const counted =
    tables.count === undefined
      ? say('someTables')
      : say('tables', { count: tables.count }).replace(String(tables.count), count(tables.count));
  const parts = [
    tables.count === 0
      ? say('noTables')
      : tables.isExact || tables.count === undefined
        ? counted
        : say('about', { text: counted }),
    say(kindOf(draft)),
    mode === 'batch' && size != null && hours != null ? say('batch', { size, hours }) : say('concurrent'),
  ];
  return (
    <Flex gap={8} align="baseline" style={{ minWidth: 0, overflow: 'hidden' }} data-summary>
      <Typography.Text
        strong={source !== undefined}
        type={source ? undefined : 'secondary'}
        ellipsis
        style={END}
      >
        {source ?? say('noSource')}
      </Typography.Text>
      <ArrowRightOutlined aria-hidden style={{ fontSize: 12 }} />
      <Typography.Text
        strong={target !== undefined}
        type={target ? undefined : 'secondary'}
        ellipsis
        style={END}
      >
        {target ?? say('noTarget')}
      </Typography.Text>
      <Typography.Text type="secondary" ellipsis>
        · {parts.join(' · ')}
      </Typography.Text>
    </Flex>
  );
}

function Found({ findings }: { findings: readonly Schemas['Finding'][] }) {
  const say = useTexts();
  const { token } = theme.useToken();
  const [isOpen, setIsOpen] = useState(false);
  const of = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  const [blockers, warnings, notes] = [of('blocker'), of('warning'), of('note')];
  if (findings.length === 0) return <Typography.Text type="secondary">{say('none')}</Typography.Text>;
  const [icon, text] =
    blockers > 0
      ? [
          <CloseCircleFilled key="b" style={{ color: token.colorError }} />,
          say('blockers', { count: blockers }),
        ]
      : warnings > 0
        ? [
            <WarningFilled key="w" style={{ color: token.colorWarning }} />,
            say('warnings', { count: warnings }),
          ]
        : [<InfoCircleFilled key="n" style={{ color: token.colorInfo }} />, say('notes', { count: notes })];
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      open={isOpen}
      onOpenChange={setIsOpen}
      title={say('findings')}
      content={
        <div style={{ maxWidth: 560, maxHeight: '60vh', overflow: 'auto' }}>
          <FindingList
            findings={findings}
            onShow={(finding) => {
              setIsOpen(false);
              reveal(finding);
            }}
          />
        </div>
      }
    >
      <Button size="small" type="text" icon={icon} aria-expanded={isOpen}>
        {text}
      </Button>
    </Popover>
  );
}

function Saved({ state }: { state: SaveState }) {
  const say = useTexts();
  const isWrong = state === 'refused' || state === 'conflict';
  return (
    <Typography.Text
      type={isWrong ? 'danger' : 'secondary'}
      role="status"
      data-save={state}
      style={{ minWidth: 84, fontSize: 13, textAlign: 'end' }}
    >
      {say(state)}
    </Typography.Text>
  );
}
