import { PauseCircleOutlined, ThunderboltOutlined } from '@ant-design/icons';
import { Flex, Tag } from 'antd';
import { StateTag } from '@/ui/StateTag';
import { useOperationTexts } from './texts';
import type { InstanceLine } from './types';

/** The state of an instance, and what a person did to it. */
export function InstanceStateTags({ line }: { line: Pick<InstanceLine, 'state' | 'paused' | 'forced'> }) {
  const say = useOperationTexts();
  return (
    <Flex gap={4} wrap align="center" style={{ display: 'inline-flex', verticalAlign: 'middle' }}>
      <StateTag state={line.state} />
      {line.paused && (
        <Tag icon={<PauseCircleOutlined />} color="warning">
          {say('paused')}
        </Tag>
      )}
      {line.forced && <Tag icon={<ThunderboltOutlined />}>{say('forced')}</Tag>}
    </Flex>
  );
}
