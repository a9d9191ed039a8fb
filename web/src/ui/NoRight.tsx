import { Empty } from './Empty';
import { defineTexts } from './texts';

const useTexts = defineTexts(
  'no-right',
  {
    title: 'You may not see this',
    hint: 'It takes a role that has the right for it. An administrator can give you one.',
  },
  { title: '您没有权限查看', hint: '需要拥有相应权限的角色，请联系管理员。' },
);

/** In place of a page whose link was followed by somebody who may not see it. */
export function NoRight() {
  const say = useTexts();
  return <Empty title={say('title')}>{say('hint')}</Empty>;
}
