import { useQuery } from '@tanstack/react-query';
import { Flex, Select, Typography } from 'antd';
import { all, api, call, type Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { put, useDraft } from './draft';
import { Field } from './Field';

const useTexts = defineTexts(
  'wizard-resources',
  {
    intro:
      'Each run takes its quota from a resource group. Where the group has none left, the instance waits for scheduling resources; groups do not take from each other.',
    both: 'Scheduling resource group',
    development: 'Development task scheduling resource group',
    production: 'Production task scheduling resource group',
    usual: 'Project default resource group',
    usualNamed: 'Project default resource group (now {{name}})',
    usualHelp: "Follows the project's default when it changes.",
    size: '{{cores}} cores, {{memory}} GB',
    only: 'Groups that are bound to this project and meant for daily scheduling.',
  },
  {
    intro: '每次运行占用资源组的配额。配额不足时实例进入等待调度资源状态；不同资源组之间相互隔离。',
    both: '调度资源组',
    development: '开发任务调度资源组',
    production: '生产任务调度资源组',
    usual: '项目默认资源组',
    usualNamed: '项目默认资源组（当前为 {{name}}）',
    usualHelp: '随项目默认资源组的变更自动更新。',
    size: '{{cores}} 核，{{memory}} GB',
    only: '仅列出已绑定当前项目且用于日常任务调度的资源组。',
  },
);

type Groups = { development?: string | null; production?: string | null };
const DEFAULT = '';

function useGroups() {
  return useQuery({
    queryKey: ['resource-groups', 'all'],
    queryFn: () =>
      all((after) => call(api.GET('/resource-groups', { params: { query: { after, limit: 500 } } }))),
  });
}

export function ResourcesSection() {
  const say = useTexts();
  const project = useProject();
  const { draft, change } = useDraft();
  const groups = useGroups();
  const written = draft.schedule?.['resource-group'];
  const write = (value: Schemas['ResourceGroup'] | undefined) =>
    change((draft) => put(draft, ['schedule', 'resource-group'], value));
  const each: Groups =
    typeof written === 'string' ? { development: written, production: written } : (written ?? {});
  const set = (key: keyof Groups, name: string | undefined) => {
    const next = Object.entries({ ...each, [key]: name }).filter(([, value]) => value != null);
    write(next.length > 0 ? Object.fromEntries(next) : undefined);
  };
  const usable = groups.data?.filter(
    (group) => group['daily-scheduling'] && group.projects?.includes(project.id),
  );
  const named = (id: string | null | undefined) => groups.data?.find((group) => group.id === id)?.name;
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">
        {say('intro')} {say('only')}
      </Typography.Text>
      <Problem error={groups.error} />
      {project.mode === 'basic' ? (
        <Choice
          at="migration.schedule.resource-group"
          label={say('both')}
          groups={usable}
          usual={named(project['default-group'])}
          value={typeof written === 'string' ? written : (written?.production ?? undefined)}
          onChange={write}
        />
      ) : (
        <Flex gap={24} wrap>
          {(['development', 'production'] as const).map((key) => (
            <Choice
              key={key}
              at={`migration.schedule.resource-group.${key}`}
              label={say(key)}
              groups={usable}
              usual={named(key === 'development' ? project['development-group'] : project['default-group'])}
              value={each[key] ?? undefined}
              onChange={(name) => set(key, name)}
            />
          ))}
        </Flex>
      )}
    </Flex>
  );
}

function Choice({
  at,
  label,
  groups,
  usual,
  value,
  onChange,
}: {
  at: string;
  label: string;
  groups: readonly Schemas['ResourceGroupShown'][] | undefined;
  /** What the project's default is called now. */
  usual: string | undefined;
  value: string | undefined;
  onChange: (name: string | undefined) => void;
}) {
  const say = useTexts();
  const { mayEdit } = useDraft();
  const first = usual === undefined ? say('usual') : say('usualNamed', { name: usual });
  const isKnown = value === undefined || groups === undefined || groups.some(({ name }) => name === value);
  return (
    <Field at={at} label={label} help={value === undefined ? say('usualHelp') : undefined} width={420}>
      {(id, help) => (
        <Select<string>
          id={id}
          aria-describedby={help}
          disabled={!mayEdit}
          loading={groups === undefined}
          value={value ?? DEFAULT}
          showSearch={{ optionFilterProp: 'label' }}
          options={[
            { value: DEFAULT, label: first },
            ...(groups ?? []).map((group) => ({ value: group.name, label: group.name })),
            ...(isKnown || value === undefined ? [] : [{ value, label: value }]),
          ]}
          optionRender={({ value, label }) => {
            const group = groups?.find(({ name }) => name === value);
            return (
              <Flex justify="space-between" gap={12}>
                <span>{label}</span>
                {group && (
                  <Typography.Text type="secondary">
                    {say('size', {
                      cores: group['cpu-millis'] / 1000,
                      memory: Math.round((group['memory-mb'] / 1024) * 10) / 10,
                    })}
                  </Typography.Text>
                )}
              </Flex>
            );
          }}
          onChange={(name) => onChange(name === DEFAULT ? undefined : name)}
        />
      )}
    </Field>
  );
}
