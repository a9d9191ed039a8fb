import { Flex, Modal, Select, Typography } from 'antd';
import { useId, useState } from 'react';
import { Row } from '@/forms/Row';
import { useTexts } from './texts';

/** Asks which schemas are to be collected beside those that are known. */
export function CollectDialog({
  open,
  name,
  onCollect,
  onClose,
}: {
  open: boolean;
  name: string;
  onCollect: (schemas: string[]) => void;
  onClose: () => void;
}) {
  const say = useTexts();
  const id = useId();
  const [schemas, setSchemas] = useState<string[]>([]);
  return (
    <Modal
      open={open}
      title={say('moreSchemasTitle', { name })}
      okText={say('collect')}
      cancelText={say('cancel')}
      okButtonProps={{ disabled: schemas.length === 0 }}
      onOk={() => onCollect(schemas)}
      onCancel={onClose}
      afterClose={() => setSchemas([])}
      destroyOnHidden
    >
      <Flex vertical gap={12}>
        <Typography.Text type="secondary">{say('moreSchemasWhat')}</Typography.Text>
        <Row id={id} path="schemas" label={say('schemas')} help={say('schemasHelp')} findings={[]}>
          <Select
            id={id}
            mode="tags"
            autoFocus
            open={false}
            suffixIcon={null}
            style={{ width: '100%' }}
            value={schemas}
            tokenSeparators={[',', '\n']}
            onChange={setSchemas}
            aria-describedby={`${id}-about`}
          />
        </Row>
      </Flex>
    </Modal>
  );
}
