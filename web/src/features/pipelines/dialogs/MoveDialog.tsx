import { useMutation } from '@tanstack/react-query';
import { App, Flex, Modal, Select } from 'antd';
import { useEffect, useId, useState } from 'react';
import { useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { changePipeline, readPipeline, useFolders, useTouched } from '../queries';
import { useTexts } from '../texts';

/** Moves pipelines into another folder. */
export function MoveDialog({
  open,
  pipelines,
  from,
  onClose,
}: {
  open: boolean;
  pipelines: readonly string[];
  /** Their folder, where they have one in common. */
  from?: string;
  onClose: (moved: boolean) => void;
}) {
  const say = useTexts();
  const id = useId();
  const project = useProject();
  const folders = useFolders();
  const touched = useTouched();
  const { message } = App.useApp();
  const [folder, setFolder] = useState<string>();
  const move = useMutation({
    mutationFn: async (to: string) => {
      for (const one of pipelines) {
        await changePipeline(project, await readPipeline(project, one), { folder: to });
      }
    },
    onSuccess: () => {
      void message.success(say('moved', { count: pipelines.length }));
      onClose(true);
    },
    onSettled: () => touched(),
  });
  const { reset } = move;
  useEffect(() => {
    if (open) {
      setFolder(undefined);
      reset();
    }
  }, [open, reset]);
  return (
    <Modal
      open={open}
      title={say('moveTitle')}
      okText={say('move')}
      cancelText={say('cancel')}
      okButtonProps={{ disabled: folder === undefined, loading: move.isPending }}
      onOk={() => folder && move.mutate(folder)}
      onCancel={() => onClose(false)}
      destroyOnHidden
    >
      <Flex vertical gap={8}>
        <label htmlFor={id}>{say('moveWhat', { count: pipelines.length })}</label>
        <Select
          id={id}
          autoFocus
          showSearch={{ optionFilterProp: 'label' }}
          placeholder={say('folder')}
          value={folder}
          onChange={setFolder}
          options={folders.data?.map((one) => ({
            value: one.id,
            label: one.name,
            disabled: one.id === from,
          }))}
        />
        <Problem error={move.error} />
      </Flex>
    </Modal>
  );
}
