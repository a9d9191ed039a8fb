import { useMutation } from '@tanstack/react-query';
import { Flex, Input, Modal } from 'antd';
import { useEffect, useId, useState } from 'react';
import { Problem } from '@/ui/Problem';
import { useTexts } from '../texts';

/** Asks for a name, and for a description where there is one; used to make and to rename. */
export function NameDialog({
  open,
  title,
  action,
  name: before = '',
  description: describedBefore,
  onDone,
  onCancel,
}: {
  open: boolean;
  title: string;
  action: string;
  name?: string;
  /** Left out where there is none. */
  description?: string;
  onDone: (name: string, description: string) => Promise<unknown>;
  onCancel: () => void;
}) {
  const say = useTexts();
  const id = useId();
  const [name, setName] = useState(before);
  const [description, setDescription] = useState(describedBefore ?? '');
  const done = useMutation({ mutationFn: () => onDone(name.trim(), description) });
  const { reset } = done;
  useEffect(() => {
    if (!open) return;
    setName(before);
    setDescription(describedBefore ?? '');
    reset();
  }, [open, before, describedBefore, reset]);
  const isReady = name.trim() !== '';
  const finish = () => {
    if (isReady && !done.isPending) done.mutate();
  };
  return (
    <Modal
      open={open}
      title={title}
      okText={action}
      cancelText={say('cancel')}
      okButtonProps={{ disabled: !isReady, loading: done.isPending }}
      onOk={finish}
      onCancel={onCancel}
      destroyOnHidden
    >
      <Flex vertical gap={12}>
        <div>
          <label htmlFor={`${id}n`}>{say('name')}</label>
          <Input
            id={`${id}n`}
            autoFocus
            maxLength={256}
            value={name}
            onChange={(event) => setName(event.target.value)}
            onPressEnter={finish}
          />
        </div>
        {describedBefore !== undefined && (
          <div>
            <label htmlFor={`${id}d`}>{say('description')}</label>
            <Input
              id={`${id}d`}
              value={description}
              onChange={(event) => setDescription(event.target.value)}
              onPressEnter={finish}
            />
          </div>
        )}
        <Problem error={done.error} />
      </Flex>
    </Modal>
  );
}
