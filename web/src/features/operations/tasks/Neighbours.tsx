import { useQueries } from '@tanstack/react-query';
import { Button, Flex, Typography } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import { usePlace } from '../common/links';
import { useTasksTexts } from './texts';

const SHOWN = 12;

/** Tasks by their names, each a way to it. */
export function Neighbours({
  ids,
  environment,
  none,
}: {
  ids: readonly string[];
  environment: Environment;
  none: string;
}) {
  const say = useTasksTexts();
  const project = useProject();
  const place = usePlace();
  const [shown, setShown] = useState(SHOWN);
  const listed = ids.slice(0, shown);
  const tasks = useQueries({
    queries: listed.map((task) => ({
      queryKey: ['tasks', project.id, 'one', environment, task],
      queryFn: () =>
        call(
          api.GET('/projects/{project}/tasks/{task}', {
            params: { path: { project: project.id, task }, query: { environment } },
          }),
        ),
      staleTime: 60_000,
    })),
  });
  if (ids.length === 0) return <Typography.Text type="secondary">{none}</Typography.Text>;
  return (
    <Flex gap="4px 16px" wrap component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {listed.map((id, index) => (
        <li key={id}>
          <Link to={place('tasks', { environment, task: id })}>{tasks[index]?.data?.name ?? id}</Link>
        </li>
      ))}
      {ids.length > shown && (
        <li>
          <Button type="link" size="small" onClick={() => setShown(shown + 48)}>
            {say('andMore', { count: ids.length - shown })}
          </Button>
        </li>
      )}
    </Flex>
  );
}
