import { Checkbox } from 'antd';
import { at } from '../script';
import { Amount, Choice } from './controls';
import { Field, Section, useForm } from './Field';
import { useFormTexts } from './formTexts';

/** How a run goes: how wide, how long, how often again, and what keeps it from being published. */
export function RunSection() {
  const say = useFormTexts();
  return (
    <Section title={say('run')}>
      <Amount label={say('parallelism')} path={['run', 'parallelism']} fallback={2} min={1} max={64} />
      <Amount
        label={say('splits')}
        path={['run', 'splits']}
        placeholder={say('splitsAuto')}
        min={1}
        max={1024}
      />
      <Amount
        label={say('timeout')}
        path={['run', 'timeout-hours']}
        fallback={48}
        min={0.01}
        max={168}
        isFraction
      />
      <Amount label={say('reruns')} path={['run', 'reruns']} fallback={1} min={0} max={10} />
      <Amount
        label={say('interval')}
        path={['run', 'rerun-interval-minutes']}
        fallback={5}
        min={1}
        max={60}
      />
      <Choice
        label={say('priority')}
        path={['schedule', 'priority']}
        group="priority"
        options={['lowest', 'low', 'medium', 'high', 'highest']}
        fallback="medium"
      />
      <Amount label={say('rejectedLimit')} path={['rejected-rows', 'limit']} fallback={0} min={0} />
      <Amount
        label={say('rejectedShare')}
        path={['rejected-rows', 'share']}
        fallback={0}
        min={0}
        max={1}
        step={0.01}
        isFraction
      />
      <Choice
        label={say('verify')}
        path={['verify']}
        group="verify"
        options={['counts', 'checksums', 'none']}
        fallback="counts"
      />
      <Choice
        label={say('consistency')}
        path={['consistency']}
        group="consistency"
        options={['snapshot', 'table', 'none']}
        fallback="snapshot"
      />
      <Choice
        label={say('drift')}
        path={['drift']}
        group="drift"
        options={['fail', 'add-columns', 'ignore']}
        fallback="fail"
      />
      <Choice
        label={say('emptyOverwrite')}
        path={['empty-overwrite']}
        group="empty"
        options={['refuse', 'allow']}
        fallback="refuse"
      />
      <Choice
        label={say('shrunken')}
        path={['shrunken-load']}
        group="shrunken"
        options={['warn', 'refuse']}
        fallback="warn"
      />
      <AfterTimeout />
    </Section>
  );
}

function AfterTimeout() {
  const say = useFormTexts();
  const { migration, edit, mayEdit } = useForm();
  const path = ['schedule', 'rerun-after-timeout'];
  return (
    <Field label={say('rerunTimeout')} path={path}>
      {(id) => (
        <Checkbox
          id={id}
          disabled={!mayEdit}
          checked={at(migration, path) === true}
          onChange={(event) => edit([[path, event.target.checked]])}
          style={{ minHeight: 32, alignItems: 'center' }}
        />
      )}
    </Field>
  );
}
