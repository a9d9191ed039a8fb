import { Flex, Input, Modal, Typography } from 'antd';
import { useId, useState } from 'react';
import { useNameFault } from '@/features/wizard/naming';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useMigrations } from './data';
import { useTexts } from './texts';

const useOwn = defineTexts('migration-name-dialog', { cancel: 'Cancel' }, { cancel: '取消' });

/** Asks what a migration is to be called, and says what is wrong with that as it is typed. */
export function NameDialog({
  title,
  action,
  initial,
  onSubmit,
  onClose,
}: {
  title: string;
  action: string;
  initial: string;
  onSubmit: (name: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const say = useTexts();
  const own = useOwn();
  const id = useId();
  const migrations = useMigrations();
  const faultOf = useNameFault();
  const [name, setName] = useState(initial);
  const [isTouched, setIsTouched] = useState(initial !== '');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const taken = (name: string) => migrations.data?.some((one) => one.name === name) ?? false;
  const fault = faultOf(name, taken);
  const shown = isTouched ? fault : undefined;
  const submit = async () => {
    setIsTouched(true);
    if (fault !== undefined || busy) return;
    setBusy(true);
    setError(null);
    try {
      await onSubmit(name);
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={title}
      okText={action}
      afterOpenChange={(isOpen) => isOpen && document.getElementById(id)?.focus()}
      cancelText={own('cancel')}
      okButtonProps={{ loading: busy, disabled: fault !== undefined }}
      onOk={() => void submit()}
      onCancel={onClose}
    >
      <Flex vertical gap={8}>
        <label htmlFor={id}>{say('name')}</label>
        <Input
          id={id}
          value={name}
          status={shown ? 'error' : undefined}
          aria-invalid={shown !== undefined}
          aria-describedby={`${id}-help`}
          onFocus={(event) => event.target.select()}
          onChange={(event) => {
            setName(event.target.value);
            setIsTouched(true);
            setError(null);
          }}
          onPressEnter={() => void submit()}
        />
        <div id={`${id}-help`}>
          {shown ? (
            <Typography.Text type="danger" role="alert">
              {shown}
            </Typography.Text>
          ) : (
            <Typography.Text type="secondary">{say('nameHelp')}</Typography.Text>
          )}
        </div>
        <Problem error={error} />
      </Flex>
    </Modal>
  );
}
