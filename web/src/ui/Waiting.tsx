import { Flex, Spin } from 'antd';

/** Something is on its way. */
export function Waiting() {
  return (
    <Flex justify="center" align="center" style={{ minHeight: 160, height: '100%' }} aria-busy="true">
      <Spin />
    </Flex>
  );
}
