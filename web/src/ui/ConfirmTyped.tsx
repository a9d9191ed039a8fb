import { Alert, Flex, Input, Modal, Typography } from 'antd';
import { type ReactNode, useEffect, useId, useState } from 'react';
import { Problem } from './Problem';
import { defineTexts } from './texts';

const useTexts = defineTexts(
  'confirm',
  { type: 'To go on, type', cancel: 'Cancel' },
  { type: '请输入以下内容确认', cancel: '取消' },
);

/**
 * Asks before something that cannot be undone: its consequences, and a word to be typed (usually the name of
 * what goes). `onConfirm` may take time and may fail; the dialog stays open with the reason then.
 */
export function ConfirmTyped({
  open,
  title,
  consequence,
  word,
  action,
  onConfirm,
  onCancel,
}: {
  open: boolean;
  title: string;
  consequence: ReactNode;
  word: string;
  action: string;
  onConfirm: () => Promise<unknown>;
  onCancel: () => void;
}) {
  const say = useTexts();
  const id = useId();
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (open) {
      setTyped('');
      setError(null);
    }
  }, [open]);
  const confirm = async () => {
    if (typed !== word) return;
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={open}
      title={title}
      okText={action}
      afterOpenChange={(isOpen) => isOpen && document.getElementById(id)?.focus()}
      cancelText={say('cancel')}
      okButtonProps={{ danger: true, disabled: typed !== word, loading: busy }}
      onOk={() => void confirm()}
      onCancel={onCancel}
      destroyOnHidden
    >
      <Flex vertical gap={12}>
        <Alert type="warning" showIcon title={consequence} />
        <div>
          <label htmlFor={id}>
            {say('type')}{' '}
            <Typography.Text code style={{ overflowWrap: 'anywhere' }}>
              {word}
            </Typography.Text>
          </label>
          <Input
            id={id}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onPressEnter={() => void confirm()}
          />
        </div>
        <Problem error={error} />
      </Flex>
    </Modal>
  );
}
