import { ImportOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Input, Space } from 'antd';
import { useMemo, useState } from 'react';
import { useProjectEvents } from '@/app/operation';
import { useMayHere } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { useSearch } from '@/ui/useSearch';
import { useGenerations, useMigrations } from './data';
import { ImportDialog } from './ImportDialog';
import { MigrationTable } from './MigrationTable';
import { NameDialog } from './NameDialog';
import { useTexts } from './texts';
import { useMake } from './useMake';

const EVENTS = ['migrations', 'operations'];

/** The migrations of a project. */
export default function MigrationsPage() {
  const say = useTexts();
  const { get, set } = useSearch();
  const mayEdit = useMayHere()('edit-migrations');
  const migrations = useMigrations();
  const generations = useGenerations();
  const make = useMake();
  useProjectEvents(EVENTS);
  const [isMaking, setIsMaking] = useState(false);
  const [isImporting, setIsImporting] = useState(false);
  const search = get('name') ?? '';
  const listed = useMemo(() => {
    const wanted = search.toLowerCase();
    return migrations.data?.filter(({ name }) => name.toLowerCase().includes(wanted));
  }, [migrations.data, search]);
  const isEmpty = migrations.data?.length === 0;
  const buttons = mayEdit && (
    <Space>
      <Button icon={<ImportOutlined />} onClick={() => setIsImporting(true)}>
        {say('import')}
      </Button>
      <Button type="primary" icon={<PlusOutlined />} onClick={() => setIsMaking(true)}>
        {say('make')}
      </Button>
    </Space>
  );
  return (
    <Page title={say('title')} intro={say('intro')} extra={!isEmpty && buttons}>
      <Problem error={migrations.error} />
      {isEmpty ? (
        <Empty title={say('empty')} action={buttons}>
          {say('emptyHelp')}
        </Empty>
      ) : (
        <>
          <Input.Search
            allowClear
            aria-label={say('search')}
            placeholder={say('search')}
            style={{ maxWidth: 320 }}
            value={search}
            onChange={(event) => set({ name: event.target.value })}
          />
          <MigrationTable
            migrations={listed ?? []}
            isLoading={migrations.isPending}
            generations={generations.data}
          />
        </>
      )}
      {isMaking && (
        <NameDialog
          title={say('makeTitle')}
          action={say('create')}
          initial=""
          onSubmit={make}
          onClose={() => setIsMaking(false)}
        />
      )}
      {isImporting && <ImportDialog onClose={() => setIsImporting(false)} />}
    </Page>
  );
}
