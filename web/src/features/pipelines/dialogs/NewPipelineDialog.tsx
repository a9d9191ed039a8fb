import { useMutation } from '@tanstack/react-query';
import { Button, Flex, Input, Modal, Radio, Select, Typography } from 'antd';
import { type ReactNode, useEffect, useId, useState } from 'react';
import { stringify } from 'yaml';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { useConnectors } from '@/forms/connectors';
import { Problem } from '@/ui/Problem';
import { type Folder, type Pipeline, useDataSources, useTouched } from '../queries';
import { readTable, writeTable } from '../script';
import { useTexts } from '../texts';
import { SourceTableInput } from './SourceTableInput';

interface Wanted {
  name: string;
  source?: string;
  destination?: string;
  table: string;
  namespace: string;
  kind: 'one-time' | 'daily';
}

const NOTHING: Wanted = { name: '', table: '', namespace: '', kind: 'one-time' };

function documentOf(wanted: Wanted, zone: string): Record<string, unknown> {
  const table = readTable(wanted.table.trim());
  return {
    name: wanted.name.trim(),
    source: { ...(wanted.source ? { 'data-source': wanted.source } : {}), 'time-zone': zone },
    destination: {
      ...(wanted.destination ? { 'data-source': wanted.destination } : {}),
      ...(wanted.namespace.trim() ? { namespace: wanted.namespace.trim() } : {}),
      'loading-policy': 'overwrite',
    },
    tables: { listed: table === null || table.table === '' ? [] : [writeTable(table)] },
    method: { kind: wanted.kind },
  };
}

/** Makes a batch pipeline, or a batch script, in a folder. */
export function NewPipelineDialog({
  folder,
  as,
  onClose,
}: {
  /** Where it is made; the dialog is shown while there is one. */
  folder: Folder | null;
  as: 'pipeline' | 'script';
  onClose: (made?: Pipeline) => void;
}) {
  const say = useTexts();
  const project = useProject();
  const touched = useTouched();
  const sources = useDataSources();
  const connectors = useConnectors();
  const [wanted, setWanted] = useState(NOTHING);
  const make = useMutation({
    mutationFn: () => {
      const document = documentOf(wanted, project['time-zone']);
      const content = {
        script: as === 'script' ? stringify({ migration: document }) : null,
        document: as === 'script' ? null : document,
        part: null,
      };
      return call(
        api.POST('/projects/{project}/pipelines', {
          params: { path: { project: project.id } },
          body: { name: wanted.name.trim(), folder: folder?.id ?? '', description: '', ...content },
        }),
      );
    },
    onSuccess: async (made) => {
      await touched();
      onClose(made);
    },
  });
  const { reset } = make;
  useEffect(() => {
    if (folder !== null) {
      setWanted(NOTHING);
      reset();
    }
  }, [folder, reset]);
  const change = (changes: Partial<Wanted>) => setWanted((before) => ({ ...before, ...changes }));
  const isReady = wanted.name.trim() !== '';
  const source = sources.data?.find(({ name }) => name === wanted.source);
  const optionsOf = (way: 'read' | 'write') =>
    sources.data?.flatMap(({ name, type }) => {
      const connector = connectors.data?.find(({ id }) => id === type);
      if (connector?.capabilities[way] === null) return [];
      return [{ value: name, label: `${name} · ${connector?.title ?? type}` }];
    });
  return (
    <Modal
      open={folder !== null}
      title={`${say(as === 'script' ? 'newScript' : 'newPipeline')} · ${folder?.name ?? ''}`}
      onCancel={() => onClose()}
      destroyOnHidden
      footer={
        <>
          <Button onClick={() => onClose()}>{say('cancel')}</Button>
          <Button type="primary" disabled={!isReady} loading={make.isPending} onClick={() => make.mutate()}>
            {say('create')}
          </Button>
        </>
      }
    >
      <Flex vertical gap={12}>
        <Labelled label={say('name')}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              required
              maxLength={256}
              value={wanted.name}
              onChange={(event) => change({ name: event.target.value })}
              onPressEnter={() => isReady && make.mutate()}
            />
          )}
        </Labelled>
        <Flex gap={12}>
          <Labelled label={say('source')}>
            {(id) => (
              <Select
                id={id}
                allowClear
                showSearch
                style={{ width: '100%' }}
                value={wanted.source}
                onChange={(value: string | undefined) => change({ source: value })}
                options={optionsOf('read')}
              />
            )}
          </Labelled>
          <Labelled label={say('destination')}>
            {(id) => (
              <Select
                id={id}
                allowClear
                showSearch
                style={{ width: '100%' }}
                value={wanted.destination}
                onChange={(value: string | undefined) => change({ destination: value })}
                options={optionsOf('write')}
              />
            )}
          </Labelled>
        </Flex>
        <Labelled label={say('sourceTable')} hint={say('tableHint')}>
          {(id) => (
            <SourceTableInput
              id={id}
              source={source?.id}
              value={wanted.table}
              onChange={(table) => change({ table })}
            />
          )}
        </Labelled>
        <Labelled label={say('namespace')}>
          {(id) => (
            <Input
              id={id}
              value={wanted.namespace}
              onChange={(event) => change({ namespace: event.target.value })}
            />
          )}
        </Labelled>
        <Radio.Group
          aria-label={say('method')}
          value={wanted.kind}
          onChange={(event) => change({ kind: event.target.value as Wanted['kind'] })}
          options={[
            { value: 'one-time', label: say('oneTime') },
            { value: 'daily', label: say('daily') },
          ]}
        />
        {as === 'script' && <Typography.Text type="secondary">{say('scriptHint')}</Typography.Text>}
        <Problem error={make.error} />
      </Flex>
    </Modal>
  );
}

function Labelled({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: string;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div style={{ flex: 1, minWidth: 0 }}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint && (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {hint}
        </Typography.Text>
      )}
    </div>
  );
}
