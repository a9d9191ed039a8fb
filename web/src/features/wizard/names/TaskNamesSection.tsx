import { Flex, Radio, Typography } from 'antd';
import { useId, useRef } from 'react';
import { useDraft } from '../draft';
import { usePlace } from '../tables/usePlace';
import { useSelection } from '../tables/useSelection';
import { useSourceTables } from '../tables/useSourceTables';
import { useLocalNames } from '../tables/useTargets';
import { RuleEditor } from './RuleEditor';
import { defaultRule, tellsPartsApart, typeWord, type Variable, written } from './rule';
import { TaskNamePreview } from './TaskNamePreview';
import { useTexts } from './texts';

const SAMPLE = 'source_table_name1';

/** How the generated tasks are called. */
export function TaskNamesSection() {
  const say = useTexts();
  const id = useId();
  const { draft, change, source, destination, reads, writes, mayEdit } = useDraft();
  const rule = draft['task-names'];
  const hasBoth = source !== undefined && destination !== undefined;
  const titles = {
    source: reads?.title ?? source?.type ?? '',
    target: writes?.title ?? destination?.type ?? '',
  };
  /** The rule that was left for the system's own, to come back to. */
  const left = useRef<string>(undefined);
  const { first, values } = useFirstTable(titles);
  const setRule = (text: string) => change((draft) => ({ ...draft, 'task-names': text }));
  const choose = (custom: boolean) => {
    if (custom) setRule(left.current ?? defaultRule(titles.source, titles.target));
    else {
      left.current = rule;
      change(({ 'task-names': _, ...draft }) => draft);
    }
  };
  const isDouble = draft.method?.kind === 'daily-and-one-time';
  const suffix = !isDouble ? 'noSuffix' : rule && tellsPartsApart(rule) ? 'suffixInRule' : 'suffix';
  return (
    <Flex vertical gap={12} data-at="migration.task-names">
      <Flex vertical gap={4}>
        <Typography.Text id={id} style={{ fontWeight: 500 }}>
          {say('method')}
        </Typography.Text>
        <Radio.Group
          aria-labelledby={id}
          value={rule === undefined ? 'system' : 'custom'}
          disabled={!mayEdit}
          onChange={(event) => choose(event.target.value === 'custom')}
          options={[
            { value: 'system', label: say('system') },
            { value: 'custom', label: say('custom'), disabled: !hasBoth && rule === undefined },
          ]}
        />
        {!hasBoth && <Typography.Text type="secondary">{say('needsBoth')}</Typography.Text>}
        {rule === undefined && <Typography.Text type="secondary">{say('systemHint')}</Typography.Text>}
      </Flex>
      {rule !== undefined && (
        <RuleEditor
          rule={rule}
          onChange={setRule}
          onStartOver={hasBoth ? () => setRule(defaultRule(titles.source, titles.target)) : undefined}
          onDelete={() => change(({ 'task-names': _, ...draft }) => draft)}
          values={values}
        />
      )}
      {hasBoth && <TaskNamePreview first={first} sample={SAMPLE} />}
      <Typography.Text type="secondary">{say(suffix, { method: written('method') })}</Typography.Text>
    </Flex>
  );
}

/** The first table that is selected, and what variables become for it. */
function useFirstTable(titles: { source: string; target: string }) {
  const { draft, name, source } = useDraft();
  const place = usePlace();
  const tables = useSourceTables(source, place);
  const selection = useSelection(tables, place);
  const { local } = useLocalNames();
  const first = selection.rows[0];
  const kind = draft.method?.kind ?? 'one-time';
  const values: Record<Variable, string | undefined> = {
    source_data_source_type: typeWord(titles.source),
    target_data_source_type: typeWord(titles.target),
    source_data_source_name: draft.source?.['data-source'],
    target_data_source_name: draft.destination?.['data-source'],
    source_schema: first?.schema ?? place.usual,
    source_table_name: first?.table ?? SAMPLE,
    target_table_name: first ? local(first).name : SAMPLE,
    migration_name: name,
    method: kind === 'daily-and-one-time' ? 'daily, one_time' : kind === 'daily' ? 'daily' : 'one_time',
  };
  return {
    first: first ?? { schema: place.schemas[0] ?? place.usual ?? '', table: SAMPLE, isSample: true },
    values,
  };
}
