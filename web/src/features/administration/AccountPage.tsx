import { Tabs } from 'antd';
import { useMe } from '@/app/session';
import { Page } from '@/ui/Page';
import { called } from '@/ui/people';
import { useSearch } from '@/ui/useSearch';
import { ChangePassword } from './account/ChangePassword';
import { Profile } from './account/Profile';
import { Sessions } from './account/Sessions';
import { Tokens } from './account/Tokens';
import { useTexts } from './account/texts';

export default function AccountPage() {
  const say = useTexts();
  const me = useMe();
  const search = useSearch();
  const tabs = [
    { key: 'profile', label: say('profile'), children: <Profile /> },
    { key: 'password', label: say('password'), children: <ChangePassword /> },
    { key: 'sessions', label: say('sessions'), children: <Sessions /> },
    { key: 'tokens', label: say('tokens'), children: <Tokens /> },
  ];
  return (
    <Page title={say('title')} intro={called(me.user)}>
      <Tabs
        destroyOnHidden
        activeKey={tabs.find(({ key }) => key === search.get('tab'))?.key ?? 'profile'}
        onChange={(tab) => search.set({ tab: tab === 'profile' ? null : tab })}
        items={tabs}
      />
    </Page>
  );
}
