import { defineTexts } from '@/ui/texts';

const useTexts = defineTexts(
  'migration-names',
  {
    blank: 'Write at least one letter',
    ends: 'Take the blanks at the ends away',
    long: '{{length}} characters; at most 256',
    dots: 'Write a letter besides',
    unseen: 'Leave out characters that are not seen or that turn the text',
    forbidden: '{{found}} cannot be in a name; nor can | / \\ : ? < > * "',
    control: 'Leave out control characters',
    taken: 'There is a migration of this name already',
  },
  {
    blank: '至少写一个字',
    ends: '请去掉首尾空格',
    long: '{{length}} 个字符，最多 256 个',
    dots: '还需写其他字符',
    unseen: '请去掉不可见字符或改变书写方向的字符',
    forbidden: '名称中不能有 {{found}}，也不能有 | / \\ : ? < > * "',
    control: '请去掉控制字符',
    taken: '已有同名的整库迁移',
  },
);

const FORBIDDEN = /[|/\\:?<>*"]/;
const CONTROL = /\p{Cc}/u;
const UNSEEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

/** Says what is wrong with the name of a migration, as it is typed; nothing where it is right. */
export function useNameFault(): (name: string, taken?: (name: string) => boolean) => string | undefined {
  const say = useTexts();
  return (name, taken) => {
    const length = [...name].length;
    if (name.replace(/[\s\u200c\u200d]/gu, '') === '') return say('blank');
    if (name.trim() !== name) return say('ends');
    if (length > 256) return say('long', { length });
    if (name === '.' || name === '..') return say('dots');
    if (UNSEEN.test(name)) return say('unseen');
    const found = name.match(FORBIDDEN)?.[0];
    if (found !== undefined) return say('forbidden', { found });
    if (CONTROL.test(name)) return say('control');
    if (taken?.(name)) return say('taken');
    return undefined;
  };
}
