import { Collapse, Flex, Radio, Select, Switch } from 'antd';
import { useState } from 'react';
import { useProject } from '@/app/project';
import { Advanced } from './Advanced';
import { Choice } from './Choice';
import { Dependencies } from './Dependencies';
import { put, useDraft } from './draft';
import { Field } from './Field';
import { NumberField } from './NumberField';
import { useTexts } from './scheduleTexts';
import { Timeline } from './Timeline';
import { useTableCount } from './tableCount';

/** A run is stopped after so many hours where nothing else is said. */
const SYSTEM_TIMEOUT = 48;
const PRIORITIES = ['lowest', 'low', 'medium', 'high', 'highest'] as const;

export function ScheduleSection() {
  const say = useTexts();
  return (
    <Flex vertical gap={20}>
      <Mode />
      <Timeout />
      <Runs />
      <Dependencies />
      <Priority />
      <Collapse
        size="small"
        items={[{ key: 'advanced', label: say('advanced'), forceRender: true, children: <Advanced /> }]}
      />
    </Flex>
  );
}

function Mode() {
  const say = useTexts();
  const { draft, change, mayEdit } = useDraft();
  const project = useProject();
  const tables = useTableCount();
  const mode = draft.schedule?.mode ?? 'concurrent';
  const [kept, setKept] = useState<{ size?: number | null; hours?: number | null }>({});
  const { 'tasks-per-batch': size, 'every-hours': hours } = draft.schedule ?? {};
  const choose = (next: 'concurrent' | 'batch') => {
    if (next === 'concurrent') setKept({ size, hours });
    change((draft) => {
      const { mode: _, 'tasks-per-batch': _size, 'every-hours': _hours, ...rest } = draft.schedule ?? {};
      const batch = { mode: next, 'tasks-per-batch': kept.size ?? 10, 'every-hours': kept.hours ?? 1 };
      const schedule = next === 'batch' ? { ...rest, ...batch } : rest;
      return put(draft, ['schedule'], Object.keys(schedule).length > 0 ? schedule : undefined);
    });
  };
  return (
    <>
      <Field at="migration.schedule.mode" label={say('mode')} isGroup>
        <Radio.Group disabled={!mayEdit} value={mode} onChange={({ target }) => choose(target.value)}>
          <Flex vertical gap={6}>
            {(['concurrent', 'batch'] as const).map((one) => (
              <Choice
                key={one}
                value={one}
                label={say(one)}
                help={say(`${one}Help`, { zone: project['time-zone'] })}
              />
            ))}
          </Flex>
        </Radio.Group>
      </Field>
      {mode === 'batch' && (
        <Flex vertical gap={12}>
          <Flex gap={24} wrap>
            <NumberField
              path={['schedule', 'tasks-per-batch']}
              value={size}
              label={say('size')}
              help={say('sizeHelp')}
              min={1}
              max={142}
            />
            <NumberField
              path={['schedule', 'every-hours']}
              value={hours}
              label={say('hours')}
              help={say('hoursHelp')}
              min={0}
              max={23}
              unit={say('hoursUnit')}
            />
          </Flex>
          {size != null && hours != null && (
            <Timeline tables={tables.count} isExact={tables.isExact} size={size} hours={hours} />
          )}
        </Flex>
      )}
    </>
  );
}

function Timeout() {
  const say = useTexts();
  const { draft, change, mayEdit } = useDraft();
  const hours = draft.run?.['timeout-hours'];
  const [isCustom, setIsCustom] = useState(hours !== undefined);
  const custom = isCustom || hours !== undefined;
  return (
    <Flex gap={24} wrap align="flex-start">
      <Field at="migration.run.timeout" label={say('timeout')} help={say('timeoutHelp')} isGroup>
        <Radio.Group
          disabled={!mayEdit}
          value={custom}
          options={[
            { value: false, label: say('system', { hours: SYSTEM_TIMEOUT }) },
            { value: true, label: say('custom') },
          ]}
          onChange={({ target }) => {
            setIsCustom(target.value);
            if (!target.value) change((draft) => put(draft, ['run', 'timeout-hours'], undefined));
          }}
        />
      </Field>
      {custom && (
        <NumberField
          path={['run', 'timeout-hours']}
          value={hours}
          usual={SYSTEM_TIMEOUT}
          label={say('timeoutHours')}
          help={say('timeoutRange')}
          min={0.01}
          max={168}
          places={2}
          step={1}
          unit={say('hoursUnit')}
        />
      )}
    </Flex>
  );
}

function Runs() {
  const say = useTexts();
  const { draft } = useDraft();
  const run = draft.run ?? {};
  return (
    <Flex gap={24} wrap>
      <NumberField
        path={['run', 'reruns']}
        value={run.reruns}
        usual={1}
        label={say('reruns')}
        help={say('rerunsHelp')}
        min={0}
        max={10}
        unit={say('times')}
      />
      <NumberField
        path={['run', 'rerun-interval-minutes']}
        value={run['rerun-interval-minutes']}
        usual={5}
        label={say('interval')}
        help={say('intervalHelp')}
        min={1}
        max={60}
        unit={say('minutes')}
      />
      <NumberField
        path={['run', 'parallelism']}
        value={run.parallelism}
        usual={2}
        label={say('parallelism')}
        help={say('parallelismHelp')}
        min={1}
        max={64}
      />
      <NumberField
        path={['run', 'splits']}
        value={run.splits}
        label={say('splits')}
        help={say('splitsHelp')}
        placeholder={say('bySize')}
        isOptional
        min={1}
        max={1024}
      />
    </Flex>
  );
}

function Priority() {
  const say = useTexts();
  const { draft, change, mayEdit } = useDraft();
  return (
    <Flex gap={24} wrap>
      <Field at="migration.schedule.priority" label={say('priority')} help={say('priorityHelp')} width={240}>
        {(id) => (
          <Select
            id={id}
            style={{ width: 180 }}
            disabled={!mayEdit}
            value={draft.schedule?.priority ?? 'medium'}
            options={PRIORITIES.map((one) => ({ value: one, label: say(one) }))}
            onChange={(next) =>
              change((draft) => put(draft, ['schedule', 'priority'], next === 'medium' ? undefined : next))
            }
          />
        )}
      </Field>
      <Field
        at="migration.schedule.rerun-after-timeout"
        label={say('rerunTimeout')}
        help={say('rerunTimeoutHelp')}
        width={400}
      >
        {(id, help) => (
          <div>
            <Switch
              id={id}
              aria-describedby={help}
              disabled={!mayEdit}
              checked={draft.schedule?.['rerun-after-timeout'] ?? false}
              onChange={(on) =>
                change((draft) => put(draft, ['schedule', 'rerun-after-timeout'], on ? true : undefined))
              }
            />
          </div>
        )}
      </Field>
    </Flex>
  );
}
