import { useMutation } from '@tanstack/react-query';
import { Alert, Button, Flex, Input, Modal } from 'antd';
import { useEffect, useId, useState } from 'react';
import { Link } from 'react-router';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { OperationProgress } from '../OperationProgress';
import { useTexts } from '../texts';

/** Submits pipelines with a remark, and follows that to its end. `before` is done first: saving what is edited. */
export function SubmitDialog({
  open,
  pipelines,
  before,
  onClose,
}: {
  open: boolean;
  pipelines: readonly string[];
  before?: () => Promise<unknown>;
  onClose: () => void;
}) {
  const say = useTexts();
  const project = useProject();
  const id = useId();
  const [remark, setRemark] = useState('');
  const submit = useMutation({
    mutationFn: async () => {
      await before?.();
      return call(
        api.POST('/projects/{project}/submit', {
          params: { path: { project: project.id } },
          body: { pipelines: [...pipelines], remark },
        }),
      );
    },
  });
  const { reset } = submit;
  useEffect(() => {
    if (open) {
      setRemark('');
      reset();
    }
  }, [open, reset]);
  const begun = submit.data?.id;
  return (
    <Modal
      open={open}
      title={say('submitTitle', { count: pipelines.length })}
      onCancel={onClose}
      destroyOnHidden
      mask={{ closable: begun !== undefined }}
      footer={
        begun === undefined ? (
          <>
            <Button onClick={onClose}>{say('cancel')}</Button>
            <Button type="primary" loading={submit.isPending} onClick={() => submit.mutate()}>
              {say('submit')}
            </Button>
          </>
        ) : (
          <>
            {project.mode === 'dev-prod' && <Link to={`/p/${project.id}/publish`}>{say('toPublish')}</Link>}{' '}
            <Button type="primary" autoFocus onClick={onClose}>
              {say('close')}
            </Button>
          </>
        )
      }
    >
      {begun === undefined ? (
        <Flex vertical gap={12}>
          <Alert
            type={project.mode === 'basic' ? 'warning' : 'info'}
            showIcon
            title={say(project.mode === 'basic' ? 'submitLive' : 'submitDevelopment')}
          />
          <div>
            <label htmlFor={id}>{say('remark')}</label>
            <Input.TextArea
              id={id}
              autoFocus
              rows={3}
              maxLength={1000}
              placeholder={say('remarkHint')}
              value={remark}
              onChange={(event) => setRemark(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit.mutate();
              }}
            />
          </div>
          <Problem error={submit.error} />
        </Flex>
      ) : (
        <OperationProgress id={begun} />
      )}
    </Modal>
  );
}
