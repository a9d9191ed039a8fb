import { App, Flex, Input, Modal, Spin, Typography } from 'antd';
import { useEffect, useId, useState } from 'react';
import { Link } from 'react-router';
import type { Schemas } from '@/api/client';
import { useProject } from '@/app/project';
import { Row } from '@/forms/Row';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { Problem } from '@/ui/Problem';
import { type DataSource, useChanges, useUses } from './data';
import { isName } from './draft';
import { useTexts } from './texts';

/** Makes another data source with the same options and secrets. */
export function CloneDialog({
  source,
  onClose,
  onMade,
}: {
  source: DataSource | undefined;
  onClose: () => void;
  onMade: (made: DataSource) => void;
}) {
  const say = useTexts();
  const id = useId();
  const { message } = App.useApp();
  const { clone } = useChanges();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (source) setName(`${source.name}_copy`.slice(0, 64));
    setError(null);
  }, [source]);
  const go = async () => {
    if (!source || !isName(name)) return;
    setBusy(true);
    setError(null);
    try {
      const made = await clone(source, name.trim());
      void message.success(say('cloned', { name: made.name }));
      onMade(made);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={source !== undefined}
      title={say('cloneTitle', { name: source?.name ?? '' })}
      okText={say('clone')}
      cancelText={say('cancel')}
      okButtonProps={{ disabled: !isName(name), loading: busy }}
      onOk={() => void go()}
      onCancel={onClose}
      destroyOnHidden
    >
      <Flex vertical gap={12}>
        <Typography.Text type="secondary">{say('cloneHelp')}</Typography.Text>
        <Row id={id} path="name" label={say('name')} required help={say('nameHelp')} findings={[]}>
          <Input
            id={id}
            autoFocus
            value={name}
            aria-describedby={`${id}-about`}
            onChange={(event) => setName(event.target.value)}
            onPressEnter={() => void go()}
          />
        </Row>
        <Problem error={error} />
      </Flex>
    </Modal>
  );
}

/** Deletes a data source, once nobody uses it: who does is named. */
export function RemoveDialog({ source, onClose }: { source: DataSource | undefined; onClose: () => void }) {
  const say = useTexts();
  const { message } = App.useApp();
  const { remove } = useChanges();
  const uses = useUses(source?.id, 0);
  const isFree = uses.data?.length === 0;
  const name = source?.name ?? '';
  if (!source || isFree) {
    return (
      <ConfirmTyped
        open={source !== undefined}
        title={say('removeTitle', { name })}
        consequence={say('removeWhat')}
        word={name}
        action={say('remove')}
        onCancel={onClose}
        onConfirm={async () => {
          if (!source) return;
          await remove(source);
          void message.success(say('removed', { name }));
          onClose();
        }}
      />
    );
  }
  return (
    <Modal
      open
      title={say('inUse', { name })}
      onCancel={onClose}
      onOk={onClose}
      okText={say('close')}
      cancelButtonProps={{ style: { display: 'none' } }}
    >
      {uses.isPending && <Spin description={say('checking')} />}
      <Problem error={uses.error} />
      {uses.data && (
        <Flex vertical gap={8}>
          <Typography.Text>{say('inUseWhat')}</Typography.Text>
          <UseList uses={uses.data} />
        </Flex>
      )}
    </Modal>
  );
}

/** Who uses a data source, and as what. */
export function UseList({ uses }: { uses: readonly Schemas['Referrer'][] }) {
  const say = useTexts();
  const { id: project } = useProject();
  const kinds: Record<string, string> = {
    migration: say('migration'),
    pipeline: say('pipeline'),
    task: say('task'),
  };
  const roles: Record<string, string> = { source: say('asSource'), destination: say('asDestination') };
  const pages: Record<string, string> = { migration: 'migrations', pipeline: 'pipelines' };
  return (
    <ul style={{ margin: 0, paddingInlineStart: 20, maxHeight: 320, overflow: 'auto' }}>
      {uses.map((use) => {
        const page = use.project === project ? pages[use.kind] : undefined;
        return (
          <li key={`${use.kind} ${use.id} ${use.role}`}>
            {kinds[use.kind] ?? use.kind}{' '}
            {page ? (
              <Link to={`/p/${project}/${page}/${use.id}`} style={{ textDecoration: 'underline' }}>
                {use.name}
              </Link>
            ) : (
              use.name
            )}{' '}
            <Typography.Text type="secondary">{roles[use.role] ?? use.role}</Typography.Text>
          </li>
        );
      })}
    </ul>
  );
}
