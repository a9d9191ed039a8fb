import { Segmented } from 'antd';
import { type Environment, useProject } from '@/app/project';
import { useSearch } from '@/ui/useSearch';
import { useOperationTexts } from './texts';

/** The environment that the address names; production where it names none. */
export function useEnvironment(): Environment {
  const project = useProject();
  const { get } = useSearch();
  return project.mode === 'dev-prod' && get('environment') === 'development' ? 'development' : 'production';
}

/** Chooses the environment of a page; nothing in a project that has production alone. */
export function EnvironmentSwitch({ drop = [] }: { drop?: readonly string[] }) {
  const say = useOperationTexts();
  const project = useProject();
  const environment = useEnvironment();
  const { set } = useSearch();
  if (project.mode !== 'dev-prod') return null;
  const choose = (chosen: Environment) =>
    set({
      ...Object.fromEntries(drop.map((name) => [name, undefined])),
      environment: chosen === 'production' ? undefined : chosen,
    });
  return (
    <Segmented<Environment>
      aria-label={say('environment')}
      value={environment}
      onChange={choose}
      options={[
        { value: 'production', label: say('production') },
        { value: 'development', label: say('development') },
      ]}
    />
  );
}
