import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Select, Spin } from 'antd';
import { useDeferredValue, useState } from 'react';
import { api, call } from '@/api/client';
import { type Environment, useProject } from '@/app/project';
import { useTask } from './queries';

const OFFERED = 50;

/** Chooses one task, found by a part of its name. */
export function TaskSelect({
  environment,
  value,
  onChange,
  label,
  placeholder,
  id,
  allowClear = false,
  width,
}: {
  environment: Environment;
  value?: string;
  onChange?: (id: string | undefined) => void;
  label?: string;
  placeholder?: string;
  id?: string;
  allowClear?: boolean;
  width?: number;
}) {
  const project = useProject();
  const [typed, setTyped] = useState('');
  const containing = useDeferredValue(typed.trim()) || undefined;
  const found = useQuery({
    queryKey: ['tasks', project.id, 'list', environment, containing, OFFERED],
    placeholderData: keepPreviousData,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/tasks', {
          params: { path: { project: project.id }, query: { environment, containing, limit: OFFERED } },
        }),
      ),
  });
  const chosen = useTask(value, environment);
  const tasks = found.data?.items ?? [];
  const isListed = tasks.some((task) => task.id === value);
  const all = chosen.data && !isListed && containing === undefined ? [chosen.data, ...tasks] : tasks;
  return (
    <Select
      id={id}
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={onChange}
      allowClear={allowClear}
      style={{ width: width ?? '100%' }}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      onOpenChange={(isOpen) => !isOpen && setTyped('')}
      notFoundContent={found.isFetching ? <Spin size="small" /> : undefined}
      labelRender={({ label: shown }) => shown ?? chosen.data?.name ?? value}
      options={all.map(({ id, name }) => ({ value: id, label: name }))}
    />
  );
}
