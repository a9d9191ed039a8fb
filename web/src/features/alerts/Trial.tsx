import type { UseMutationResult } from '@tanstack/react-query';
import { Button, Flex, Modal, Alert as Notice, Spin } from 'antd';
import type { Schemas } from '@/api/client';
import { FindingList } from '@/ui/Findings';
import { Problem } from '@/ui/Problem';
import type { Alert } from './editing';
import { useTexts } from './texts';

export type TrialRun = UseMutationResult<Schemas['Told'], unknown, Alert>;

/** What came of a trial, which was told to all whom an alert tells. */
export function Trial({ trial, onClose }: { trial: TrialRun; onClose: () => void }) {
  const say = useTexts();
  const { variables: alert } = trial;
  if (alert === undefined) return null;
  return (
    <Modal
      open
      title={say('try-title', { name: alert.name })}
      onCancel={onClose}
      footer={
        <Flex gap={8} justify="end">
          {trial.data?.delivered === false && (
            <Button onClick={() => trial.mutate(alert)}>{say('again')}</Button>
          )}
          <Button type="primary" onClick={onClose}>
            {say('close')}
          </Button>
        </Flex>
      }
    >
      <div role="status">
        {trial.isPending && (
          <Flex gap={10} align="center">
            <Spin size="small" /> {say('trying')}
          </Flex>
        )}
        <Problem error={trial.error} />
        {trial.data?.delivered && (
          <Notice type="success" showIcon title={say('delivered')} description={say('delivered-help')} />
        )}
        {trial.data?.delivered === false && (
          <Notice
            type="error"
            showIcon
            title={say('undelivered')}
            description={<FindingList findings={trial.data.findings} />}
          />
        )}
      </div>
    </Modal>
  );
}
