import { InboxOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Flex, Input, Modal, Typography, Upload } from 'antd';
import { useId, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { useQuiet } from '@/features/wizard/checking';
import { useNameFault } from '@/features/wizard/naming';
import { CodeEditor } from '@/ui/CodeEditor';
import { FindingList } from '@/ui/Findings';
import { useMigrationSchema } from '@/ui/migrationSchema';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useTexts } from './texts';

const useOwn = defineTexts('migration-import', { cancel: 'Cancel' }, { cancel: '取消' });

/** Makes a migration of a text: what is found in it is told as it is written, and it may be kept all the same. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const say = useTexts();
  const own = useOwn();
  const id = useId();
  const project = useProject();
  const client = useQueryClient();
  const navigate = useNavigate();
  const schema = useMigrationSchema('file');
  const faultOf = useNameFault();
  const [text, setText] = useState('');
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const quiet = useQuiet(text, 300);
  const fault = name === '' ? undefined : faultOf(name);
  const checked = useQuery({
    queryKey: ['migrations', project.id, 'check-text', quiet],
    enabled: quiet.trim() !== '',
    gcTime: 0,
    queryFn: ({ signal }) =>
      call(
        api.POST('/projects/{project}/migrations/check', {
          params: { path: { project: project.id } },
          body: { text: quiet },
          signal,
        }),
      ),
  });
  const findings = quiet.trim() === '' ? undefined : checked.data?.findings;
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const { migration } = await call(
        api.POST('/projects/{project}/migrations/import', {
          params: { path: { project: project.id } },
          body: { text, name: name === '' ? null : name },
        }),
      );
      void client.invalidateQueries({ queryKey: ['migrations', project.id, 'list'] });
      onClose();
      navigate(`/p/${project.id}/migrations/${migration.id}`);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const isJson = text.trimStart().startsWith('{');
  return (
    <Modal
      open
      width={820}
      title={say('importTitle')}
      okText={say('import')}
      cancelText={own('cancel')}
      okButtonProps={{ loading: busy, disabled: text.trim() === '' || fault !== undefined }}
      onOk={() => void send()}
      onCancel={onClose}
    >
      <Flex vertical gap={12}>
        <Typography.Text type="secondary">{say('importHelp')}</Typography.Text>
        <Upload.Dragger
          accept=".yaml,.yml,.json,text/plain"
          showUploadList={false}
          beforeUpload={async (file) => {
            setText(await file.text());
            return Upload.LIST_IGNORE;
          }}
          styles={{ root: { padding: 0 } }}
        >
          <InboxOutlined aria-hidden /> {say('importFile')}
        </Upload.Dragger>
        <CodeEditor
          label={say('importText')}
          language={isJson ? 'json' : 'yaml'}
          schema={schema}
          value={text}
          onChange={setText}
          findings={findings ?? []}
          height={260}
        />
        <div>
          <label htmlFor={id}>{say('importName')}</label>
          <Input
            id={id}
            value={name}
            status={fault ? 'error' : undefined}
            onChange={(event) => setName(event.target.value)}
          />
          <Typography.Text type={fault ? 'danger' : 'secondary'}>
            {fault ?? say('importNameHelp')}
          </Typography.Text>
        </div>
        {findings &&
          (findings.length === 0 ? (
            <Alert type="success" showIcon title={say('clean')} />
          ) : (
            <section aria-label={say('found')} style={{ maxHeight: 180, overflow: 'auto' }}>
              <FindingList findings={findings} />
            </section>
          ))}
        <Problem error={error ?? checked.error} />
      </Flex>
    </Modal>
  );
}
