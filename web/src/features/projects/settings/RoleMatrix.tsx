import { CheckOutlined } from '@ant-design/icons';
import { Collapse, Flex, Table, Typography } from 'antd';
import { PROJECT_ROLES, RIGHTS_OF_PROJECT, useRightTexts, useRoleTexts } from '@/ui/rights';
import { useTexts } from './texts';

/** What each role of a project may. */
export function RoleMatrix() {
  const say = useTexts();
  const role = useRoleTexts();
  const right = useRightTexts();
  const table = (
    <Flex vertical gap={8}>
      <Table
        size="small"
        pagination={false}
        rowKey={([name]) => name}
        dataSource={[...RIGHTS_OF_PROJECT]}
        scroll={{ x: 640 }}
        columns={[
          { title: say('right'), key: 'right', render: (_, [name]) => right(name) },
          ...PROJECT_ROLES.map((one, place) => ({
            title: role(one),
            key: one,
            align: 'center' as const,
            width: 120,
            render: (_: unknown, [, has]: (typeof RIGHTS_OF_PROJECT)[number]) =>
              has[place] ? (
                <CheckOutlined aria-label={say('yes')} />
              ) : (
                <Typography.Text type="secondary" aria-label={say('no')} role="img">
                  –
                </Typography.Text>
              ),
          })),
        ]}
      />
      <Typography.Text type="secondary">{say('system-roles')}</Typography.Text>
    </Flex>
  );
  return <Collapse size="small" items={[{ key: 'rights', label: say('who-may'), children: table }]} />;
}
