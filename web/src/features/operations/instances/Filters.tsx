import { Button, Flex, Select, Tag } from 'antd';
import { BizdatePicker } from '../common/BizdatePicker';
import { TaskSelect } from '../common/TaskSelect';
import { useOperationTexts } from '../common/texts';
import { KINDS } from '../common/types';
import { useFilters } from './search';
import { useInstancesTexts } from './texts';
import { useOrigin } from './useOrigin';

/** Which instances, beside their state. */
export function Filters() {
  const say = useInstancesTexts();
  const general = useOperationTexts();
  const { filters, isFiltered, set, clear } = useFilters();
  const origin = useOrigin(filters.origin);
  return (
    <Flex gap={8} wrap align="center">
      <BizdatePicker
        label={general('bizdate')}
        placeholder={say('anyBizdate')}
        value={filters.bizdate}
        onChange={(bizdate) => set({ bizdate })}
      />
      <Select
        aria-label={general('kind')}
        placeholder={say('anyKind')}
        allowClear
        value={filters.kind}
        onChange={(kind) => set({ kind })}
        style={{ width: 160 }}
        options={KINDS.map((kind) => ({ value: kind, label: general(kind) }))}
      />
      <TaskSelect
        label={general('task')}
        placeholder={say('anyTask')}
        environment={filters.environment}
        allowClear
        width={280}
        value={filters.task}
        onChange={(task) => set({ task })}
      />
      {filters.origin && (
        <Tag closable onClose={() => set({ origin: undefined })} style={{ marginInlineEnd: 0 }}>
          {origin ? say('ofBackfill', { name: origin }) : say('ofRun', { name: filters.origin })}
        </Tag>
      )}
      {isFiltered && (
        <Button type="link" onClick={clear}>
          {say('clear')}
        </Button>
      )}
    </Flex>
  );
}
