import { Flex } from 'antd';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useProjectEvents } from '@/app/operation';
import { useMayHere } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { Pages, useCursor } from './common/cursor';
import { EnvironmentSwitch } from './common/environment';
import { usePlace } from './common/links';
import { useInstances } from './common/queries';
import type { InstanceLine } from './common/types';
import { Filters } from './instances/Filters';
import { InstanceTable } from './instances/InstanceTable';
import { SelectionBar } from './instances/SelectionBar';
import { StateFilter } from './instances/StateFilter';
import { type Selection, useFilters } from './instances/search';
import { useInstancesTexts } from './instances/texts';

const PAGE = 100;

export default function InstancesPage() {
  const say = useInstancesTexts();
  const place = usePlace();
  const may = useMayHere();
  useProjectEvents(['instances']);
  const { filters, isFiltered } = useFilters();
  const { after } = useCursor();
  const found = useInstances(filters, { after, limit: PAGE });
  const [selected, setSelected] = useSelection(JSON.stringify(filters));
  const lines = found.data?.items ?? [];
  return (
    <Page
      title={say('title')}
      intro={say('intro')}
      extra={<EnvironmentSwitch drop={['after', 'task', 'origin']} />}
    >
      <Flex vertical gap={12}>
        <StateFilter />
        <Filters />
      </Flex>
      <Problem error={found.error} />
      {may('operate') && selected.size > 0 && (
        <SelectionBar selected={fresh(selected, lines)} onClear={() => setSelected(new Map())} />
      )}
      {found.data && lines.length === 0 ? (
        <Empty title={say('none')} action={!isFiltered && <Link to={place('tasks')}>{say('toTasks')}</Link>}>
          {say(isFiltered ? 'noneFiltered' : 'noneYet')}
        </Empty>
      ) : (
        (found.data || !found.isError) && (
          <InstanceTable
            lines={lines}
            isLoading={found.isPending || found.isPlaceholderData}
            selected={selected}
            onSelect={may('operate') ? setSelected : undefined}
          />
        )
      )}
      <Pages next={found.data?.next} loading={found.isPlaceholderData} />
    </Page>
  );
}

/** What is selected, over all pages of one search; another search begins with nothing. */
function useSelection(search: string) {
  const [selected, setSelected] = useState<Selection>(new Map());
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the search that empties it
  useEffect(() => setSelected(new Map()), [search]);
  return [selected, setSelected] as const;
}

/** As they are now, where they are in sight. */
function fresh(selected: Selection, lines: readonly InstanceLine[]): InstanceLine[] {
  const seen = new Map(lines.map((line) => [line.id, line]));
  return [...selected.values()].map((line) => seen.get(line.id) ?? line);
}
