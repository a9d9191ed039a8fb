import { Input, Typography } from 'antd';
import { useEffect, useState } from 'react';
import { ProblemError } from '@/api/client';
import { defineTexts } from '@/ui/texts';
import { useDraft } from './draft';
import { Field } from './Field';
import { useNameFault } from './naming';

const useTexts = defineTexts(
  'wizard-basic',
  {
    name: 'Database migration folder name',
    help: 'The pipelines are put into a folder of this name. At most 256 characters, none of | / \\ : ? < > * "',
  },
  {
    name: '整库迁移文件夹名称',
    help: '管道将放入同名文件夹。最多 256 个字符，不能包含 | / \\ : ? < > * "',
  },
);

export function BasicSection({ rename }: { rename: (name: string) => Promise<void> }) {
  const say = useTexts();
  const { name, mayEdit } = useDraft();
  const faultOf = useNameFault();
  const [typed, setTyped] = useState(name);
  const [refused, setRefused] = useState<string>();
  useEffect(() => setTyped(name), [name]);
  const fault = faultOf(typed) ?? refused;
  const send = async () => {
    if (typed === name || faultOf(typed) !== undefined) return;
    try {
      await rename(typed);
    } catch (cause) {
      setRefused(cause instanceof ProblemError ? cause.problem.detail : String(cause));
    }
  };
  return (
    <Field at="migration.name" label={say('name')} help={say('help')} width={560}>
      {(id, help) => (
        <>
          <Input
            id={id}
            value={typed}
            disabled={!mayEdit}
            status={fault ? 'error' : undefined}
            aria-invalid={fault !== undefined}
            aria-describedby={help}
            onChange={(event) => {
              setTyped(event.target.value);
              setRefused(undefined);
            }}
            onBlur={() => void send()}
            onPressEnter={() => void send()}
          />
          {fault && (
            <Typography.Text type="danger" role="alert">
              {fault}
            </Typography.Text>
          )}
        </>
      )}
    </Field>
  );
}
