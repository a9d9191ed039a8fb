import type { FormRule } from 'antd';
import { defineTexts } from './texts';

const useTexts = defineTexts(
  'name-rules',
  {
    needed: 'A name is needed',
    long: 'At most {{most}} characters',
    forbidden: 'Leave out | / \\ : ? < > * "',
  },
  { needed: '请填写名称', long: '最多 {{most}} 个字符', forbidden: '不能包含 | / \\ : ? < > * "' },
);

/** The longest name of a project, a user, a data source, an alert. */
export const SHORT_NAME = 64;
/** The longest name of a migration, a folder, a task, a virtual node. */
export const LONG_NAME = 256;

/** What the service would refuse as a name, told while it is written. Send it trimmed. */
export function useNameRules(most: number): FormRule[] {
  const say = useTexts();
  return [
    { required: true, whitespace: true, message: say('needed') },
    {
      validator: (_, value: unknown) => {
        const name = typeof value === 'string' ? value.trim() : '';
        if ([...name].length > most) return Promise.reject(new Error(say('long', { most })));
        if (/[|/\\:?<>*"]/.test(name)) return Promise.reject(new Error(say('forbidden')));
        return Promise.resolve();
      },
    },
  ];
}
