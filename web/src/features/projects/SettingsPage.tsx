import { Tabs } from 'antd';
import { api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { AuditLines } from '@/ui/audit/AuditLines';
import { Page } from '@/ui/Page';
import { useSearch } from '@/ui/useSearch';
import { DefaultGroups } from './settings/DefaultGroups';
import { General } from './settings/General';
import { Members } from './settings/Members';
import { useTexts } from './settings/texts';
import { VirtualNodes } from './settings/VirtualNodes';

export default function SettingsPage() {
  const say = useTexts();
  const may = useMayHere();
  const search = useSearch();
  const project = useProject();
  const tabs = [
    { key: 'general', label: say('general'), children: <General /> },
    { key: 'members', label: say('members'), children: <Members /> },
    { key: 'groups', label: say('groups'), children: <DefaultGroups /> },
    { key: 'nodes', label: say('nodes'), children: <VirtualNodes /> },
    ...(may('read-audit') ? [{ key: 'audit', label: say('audit'), children: <ProjectAudit /> }] : []),
  ];
  return (
    // Whatever is typed for one project is not for the next.
    <Page key={project.id} title={say('title')} intro={project.name}>
      <Tabs
        destroyOnHidden
        activeKey={tabs.find(({ key }) => key === search.get('tab'))?.key ?? 'general'}
        onChange={(tab) => search.set({ tab: tab === 'general' ? null : tab, filter: null, line: null })}
        items={tabs}
      />
    </Page>
  );
}

function ProjectAudit() {
  const project = useProject();
  return (
    <AuditLines
      queryKey={['audit', project.id]}
      zone={project['time-zone']}
      read={(before) =>
        call(
          api.GET('/projects/{project}/audit', {
            params: { path: { project: project.id }, query: { before, limit: 100 } },
          }),
        )
      }
    />
  );
}
