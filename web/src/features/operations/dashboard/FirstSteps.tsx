import { CheckCircleFilled } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Flex, Typography, theme } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { Surface } from '@/ui/Surface';
import { Waiting } from '@/ui/Waiting';
import { useEnvironment } from '../common/environment';
import { usePlace } from '../common/links';
import { useStepsTexts } from './stepsTexts';

/** What there is of what a first run needs. */
function useThere() {
  const project = useProject();
  const environment = useEnvironment();
  const path = { project: project.id };
  const params = { path, query: { limit: 2 } };
  return useQuery({
    queryKey: ['tasks', project.id, 'first-steps', environment],
    queryFn: async () => {
      const [sources, migrations, pipelines, tasks] = await Promise.all([
        call(api.GET('/projects/{project}/data-sources', { params })),
        call(api.GET('/projects/{project}/migrations', { params })),
        call(api.GET('/projects/{project}/pipelines', { params })),
        call(api.GET('/projects/{project}/tasks', { params: { path, query: { limit: 1, environment } } })),
      ]);
      return {
        sources: sources.items.length > 1,
        migration: migrations.items.length > 0,
        pipelines: pipelines.items.length > 0,
        tasks: tasks.items.length > 0,
      };
    },
  });
}

/** Nothing has run yet: what is done on the way to a first run, and the next step. */
export function FirstSteps() {
  const say = useStepsTexts();
  const place = usePlace();
  const there = useThere();
  if (there.isPending) return <Waiting />;
  const { sources, migration, pipelines, tasks } = there.data ?? {};
  const steps = [
    { key: 'sources', to: place('data-sources'), isDone: sources },
    { key: 'migration', to: place('migrations'), isDone: migration },
    { key: 'pipelines', to: place('migrations'), isDone: pipelines },
    { key: 'publish', to: place('publish'), isDone: tasks },
    { key: 'run', to: place('tasks'), isDone: false },
  ] as const;
  const next = steps.find(({ isDone }) => !isDone)?.key;
  return (
    <Surface aria-label={say('title')} style={{ maxWidth: 720, padding: 24 }}>
      <Typography.Title level={2} style={{ margin: '0 0 4px', fontSize: 18 }}>
        {say('title')}
      </Typography.Title>
      <Typography.Text type="secondary">{say('intro')}</Typography.Text>
      <Flex component="ol" vertical gap={16} style={{ listStyle: 'none', margin: '20px 0 0', padding: 0 }}>
        {steps.map(({ key, to, isDone }, index) => (
          <Step
            key={key}
            number={index + 1}
            isDone={isDone === true}
            isNext={key === next}
            title={<Link to={to}>{say(key)}</Link>}
            about={say(`${key}-about`)}
          />
        ))}
      </Flex>
    </Surface>
  );
}

function Step({
  number,
  isDone,
  isNext,
  title,
  about,
}: {
  number: number;
  isDone: boolean;
  isNext: boolean;
  title: ReactNode;
  about: string;
}) {
  const say = useStepsTexts();
  const { token } = theme.useToken();
  return (
    <Flex component="li" gap={12} aria-current={isNext ? 'step' : undefined}>
      {isDone ? (
        <CheckCircleFilled
          role="img"
          aria-label={say('done')}
          style={{ fontSize: 24, height: 24, color: token.colorSuccess }}
        />
      ) : (
        <span
          aria-hidden
          style={{
            flex: 'none',
            width: 24,
            height: 24,
            borderRadius: 12,
            textAlign: 'center',
            lineHeight: '22px',
            fontSize: 13,
            border: `1px solid ${isNext ? token.colorPrimary : token.colorBorder}`,
            background: isNext ? token.colorPrimary : undefined,
            color: isNext ? token.colorTextLightSolid : token.colorTextSecondary,
          }}
        >
          {number}
        </span>
      )}
      <div>
        <div style={{ fontWeight: isNext ? 600 : 400 }}>{title}</div>
        <Typography.Text type="secondary">{about}</Typography.Text>
      </div>
    </Flex>
  );
}
