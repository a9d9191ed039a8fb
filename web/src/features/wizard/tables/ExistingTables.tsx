import { useMutation } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Flex, Radio, Typography } from 'antd';
import { useMemo, useState } from 'react';
import { useMayHere } from '@/app/project';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { count } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { ToneText } from '@/ui/ToneText';
import { useDraft } from '../draft';
import { useTexts } from './existingTexts';
import { NameList } from './NameList';
import type { Row } from './selection';
import { useAskAll } from './useExisting';
import { useLocalNames } from './useTargets';

type Policy = 'keep' | 'add-columns' | 'fail';

/** What happens where the target has a table of that name already. */
export function ExistingTables({ rows }: { rows: readonly Row[] }) {
  const say = useTexts();
  const { draft, change, writes, mayEdit } = useDraft();
  const policy = draft['existing-tables'] ?? 'keep';
  const recreates = policy === 'recreate';
  const can = writes?.capabilities.write;
  const policies: Policy[] =
    can?.['add-columns'] === false && policy !== 'add-columns'
      ? ['keep', 'fail']
      : ['keep', 'add-columns', 'fail'];
  return (
    <Flex vertical gap={8}>
      <Flex vertical gap={4} data-at="migration.existing-tables">
        <Typography.Text style={{ fontWeight: 500 }}>{say('title')}</Typography.Text>
        <Radio.Group
          aria-label={say('title')}
          value={recreates ? undefined : policy}
          disabled={!mayEdit || recreates}
          onChange={(event) =>
            change((draft) => ({ ...draft, 'existing-tables': event.target.value as Policy }))
          }
          options={policies.map((value) => ({ value, label: say(value) }))}
        />
        <Typography.Text type="secondary">{say(`${policy}Hint`)}</Typography.Text>
      </Flex>
      {(can?.recreate !== null || recreates) && <Recreate rows={rows} />}
    </Flex>
  );
}

/** The choice to drop tables, which names them and is confirmed for exactly those. */
function Recreate({ rows }: { rows: readonly Row[] }) {
  const say = useTexts();
  const { draft, change, mayEdit, writes } = useDraft();
  const mayDrop = useMayHere()('recreate-tables');
  const { existing } = useAskAll();
  const [there, setThere] = useState<string[] | null>(null);
  const recreates = draft['existing-tables'] === 'recreate';
  const confirm = (names: string[]) => {
    change((draft) => ({ ...draft, 'existing-tables': 'recreate', recreate: names }));
    setThere(null);
  };
  const look = useMutation({
    mutationFn: () => existing(rows),
    onSuccess: (names) => (names.length === 0 ? confirm([]) : setThere(names)),
  });
  const leave = () => change(({ recreate: _, 'existing-tables': __, ...draft }) => ({ ...draft }));
  const isReady = rows.length > 0 && draft.destination?.['data-source'] !== undefined;
  return (
    <Flex vertical gap={6} data-at="migration.recreate">
      <Checkbox
        checked={recreates}
        disabled={!mayEdit || look.isPending || (!recreates && (!mayDrop || !isReady))}
        onChange={(event) => (event.target.checked ? look.mutate() : leave())}
      >
        {say('recreate')}
      </Checkbox>
      {mayEdit && !recreates && !mayDrop && (
        <Typography.Text type="secondary">{say('noRight')}</Typography.Text>
      )}
      {mayEdit && !recreates && mayDrop && !isReady && (
        <Typography.Text type="secondary">{say('needsTables')}</Typography.Text>
      )}
      {writes?.capabilities.write?.recreate === null && recreates && (
        <Alert type="error" showIcon title={say('cannot')} />
      )}
      <Problem error={look.error} />
      {recreates && (
        <Confirmed
          rows={rows}
          isLooking={look.isPending}
          onLook={mayEdit && mayDrop ? look.mutate : undefined}
        />
      )}
      <ConfirmRecreate names={there} onConfirm={confirm} onCancel={() => setThere(null)} />
    </Flex>
  );
}

/** What was confirmed, and whether that still is what would be dropped. */
function Confirmed({
  rows,
  isLooking,
  onLook,
}: {
  rows: readonly Row[];
  isLooking: boolean;
  onLook?: () => void;
}) {
  const say = useTexts();
  const { draft } = useDraft();
  const { local } = useLocalNames();
  const confirmed = useMemo(
    () =>
      (draft.recreate ?? []).map((one) =>
        typeof one === 'string' ? one.slice(one.indexOf('.') + 1) : one.table,
      ),
    [draft.recreate],
  );
  const isStale = useMemo(() => {
    const targets = new Set(rows.map((row) => local(row).name));
    return confirmed.some((name) => !targets.has(name));
  }, [confirmed, rows, local]);
  return (
    <Alert
      type="warning"
      showIcon
      title={
        confirmed.length === 0
          ? say('confirmedNone')
          : say('confirmed', { count: confirmed.length, shown: count(confirmed.length) })
      }
      description={
        <Flex vertical gap={6}>
          <span>{say('project')}</span>
          {confirmed.length > 0 && <NameList label={say('recreate')} names={confirmed} height={90} />}
          {isStale && <ToneText tone="wrong">{say('stale')}</ToneText>}
        </Flex>
      }
      action={
        onLook && (
          <Button size="small" loading={isLooking} onClick={onLook}>
            {say('recheck')}
          </Button>
        )
      }
    />
  );
}

function ConfirmRecreate({
  names,
  onConfirm,
  onCancel,
}: {
  names: string[] | null;
  onConfirm: (names: string[]) => void;
  onCancel: () => void;
}) {
  const say = useTexts();
  const { name } = useDraft();
  const [shown, setShown] = useState<string[]>([]);
  if (names !== null && names !== shown) setShown(names);
  const size = { count: shown.length, shown: count(shown.length) };
  return (
    <ConfirmTyped
      open={names !== null}
      title={say('dialog', size)}
      word={name}
      action={say('action', size)}
      consequence={
        <Flex vertical gap={8}>
          <span>{say('consequence')}</span>
          <NameList label={say('recreate')} names={shown} height={180} />
          <span>{say('project')}</span>
        </Flex>
      }
      onConfirm={async () => onConfirm(shown)}
      onCancel={onCancel}
    />
  );
}
