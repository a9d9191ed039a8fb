import { Badge, Flex, Tabs, theme } from 'antd';
import { useProjectEvents } from '@/app/operation';
import { useProject } from '@/app/project';
import { Page } from '@/ui/Page';
import { useSearch } from '@/ui/useSearch';
import { History } from './publish/History';
import { Live } from './publish/Live';
import { Pending, usePending } from './publish/Pending';
import { useTexts } from './publish/texts';
import { Unsubmitted, useUnsubmitted } from './publish/Unsubmitted';

const TOUCHED = ['to-be-published', 'tasks', 'operations', 'pipelines'] as const;

/** What goes to production, what is there, and what went before. */
export default function PublishPage() {
  const say = useTexts();
  const { token } = theme.useToken();
  const project = useProject();
  const { get, set } = useSearch();
  const isBasic = project.mode === 'basic';
  const pending = usePending(!isBasic);
  const unsubmitted = useUnsubmitted(isBasic);
  useProjectEvents(TOUCHED);
  const first = isBasic ? 'unsubmitted' : 'pending';
  const count = (isBasic ? unsubmitted.data : pending.data)?.length ?? 0;
  return (
    <Page title={say('title')} intro={say(isBasic ? 'introBasic' : 'introDev')}>
      <Tabs
        activeKey={get('tab') ?? first}
        onChange={(tab) => set({ tab: tab === first ? undefined : tab, containing: undefined })}
        destroyOnHidden
        items={[
          {
            key: first,
            label: (
              <Flex gap={6} align="center">
                {say(first)}
                <Badge count={count} overflowCount={9999} color={token.colorPrimary} showZero={false} />
              </Flex>
            ),
            children: isBasic ? <Unsubmitted /> : <Pending />,
          },
          { key: 'live', label: say(isBasic ? 'liveBasic' : 'live'), children: <Live /> },
          { key: 'history', label: say('history'), children: <History /> },
        ]}
      />
    </Page>
  );
}
