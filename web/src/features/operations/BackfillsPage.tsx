import { Button, Flex, Input, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { useProjectEvents } from '@/app/operation';
import { useMayHere, useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { bizdate, moment } from '@/ui/format';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useNames } from '@/ui/people';
import { StateTag } from '@/ui/StateTag';
import { useSearch } from '@/ui/useSearch';
import { BackfillDialog } from './backfills/BackfillDialog';
import { BackfillDrawer } from './backfills/BackfillDrawer';
import { Progress } from './backfills/Progress';
import { useBackfills } from './backfills/queries';
import { StopButton } from './backfills/StopButton';
import { useBackfillTexts } from './backfills/texts';
import { EnvironmentSwitch, useEnvironment } from './common/environment';
import { NameButton } from './common/NameButton';
import { useOperationTexts } from './common/texts';
import type { BackfillProgress } from './common/types';

export default function BackfillsPage() {
  const say = useBackfillTexts();
  const may = useMayHere();
  const environment = useEnvironment();
  useProjectEvents(['backfills']);
  const { get, set } = useSearch();
  const [isNew, setNew] = useState(false);
  const backfills = useBackfills();
  const ofEnvironment = backfills.data?.filter((one) => one.environment === environment);
  const word = (get('name') ?? '').toLowerCase();
  const shown = ofEnvironment?.filter(({ name }) => name.toLowerCase().includes(word));
  const create = may('operate') && (
    <Button type="primary" onClick={() => setNew(true)}>
      {say('create')}
    </Button>
  );
  return (
    <Page
      title={say('title')}
      intro={say('intro')}
      extra={
        <>
          <EnvironmentSwitch />
          {ofEnvironment?.length !== 0 && create}
        </>
      }
    >
      <Problem error={backfills.error} />
      {ofEnvironment?.length === 0 ? (
        <Empty title={say('none')} action={create}>
          {say('noneYet')}
        </Empty>
      ) : (
        (backfills.data || !backfills.isError) && (
          <Flex vertical gap={12}>
            <Input.Search
              allowClear
              aria-label={say('search')}
              placeholder={say('search')}
              value={get('name') ?? ''}
              onChange={(event) => set({ name: event.target.value })}
              style={{ maxWidth: 360 }}
            />
            <BackfillTable
              backfills={shown ?? []}
              isLoading={backfills.isPending}
              onOpen={(backfill) => set({ backfill })}
            />
          </Flex>
        )
      )}
      <BackfillDrawer
        backfill={backfills.data?.find(({ id }) => id === get('backfill'))}
        onClose={() => set({ backfill: undefined })}
      />
      {isNew && <BackfillDialog onClose={() => setNew(false)} />}
    </Page>
  );
}

function BackfillTable({
  backfills,
  isLoading,
  onOpen,
}: {
  backfills: readonly BackfillProgress[];
  isLoading: boolean;
  onOpen: (id: string) => void;
}) {
  const say = useBackfillTexts();
  const general = useOperationTexts();
  const zone = useProject()['time-zone'];
  const names = useNames();
  const columns: TableColumnsType<BackfillProgress> = [
    {
      key: 'name',
      title: say('name'),
      ellipsis: true,
      render: (_, { id, name }) => <NameButton name={name} onOpen={() => onOpen(id)} />,
    },
    {
      key: 'range',
      title: say('dates'),
      width: 200,
      render: (_, { first, last }) => `${bizdate(first)} – ${bizdate(last)}`,
    },
    {
      key: 'state',
      title: general('state'),
      width: 115,
      render: (_, { state }) => <StateTag state={state} />,
    },
    {
      key: 'progress',
      title: say('progress'),
      width: 210,
      render: (_, { instances }) => <Progress counts={instances} />,
    },
    {
      key: 'started',
      title: say('started'),
      width: 160,
      render: (_, backfill) => moment(backfill['changed-at'], zone),
    },
    {
      key: 'by',
      title: say('startedBy'),
      width: 90,
      ellipsis: true,
      render: (_, backfill) => names[backfill['changed-by']] ?? '',
    },
    {
      key: 'acts',
      title: '',
      fixed: 'end',
      width: 80,
      render: (_, backfill) => <StopButton backfill={backfill} size="small" />,
    },
  ];
  return (
    <Table
      aria-label={say('title')}
      rowKey="id"
      size="small"
      sticky
      loading={isLoading}
      locale={isLoading ? { emptyText: ' ' } : undefined}
      columns={columns}
      dataSource={backfills}
      pagination={backfills.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      scroll={{ x: 1010 }}
    />
  );
}
