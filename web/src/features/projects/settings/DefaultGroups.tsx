import { App, Button, Flex, Form, Table, Typography } from 'antd';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { type Project, useMayHere, useProject } from '@/app/project';
import { cores, type Group, useGroups } from '@/features/administration/groups';
import { Empty } from '@/ui/Empty';
import { EditProblem } from '@/ui/FormModal';
import { bytes } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { GroupSelect } from '../fields';
import { useTexts } from './texts';
import { useBase } from './useBase';

type Fields = Pick<Project, 'default-group' | 'development-group'>;

function fieldsOf(project: Project): Fields {
  return {
    'default-group': project['default-group'] ?? undefined,
    'development-group': project['development-group'] ?? undefined,
  };
}

/** Which groups tasks take from that name none, and which they could name. */
export function DefaultGroups() {
  const say = useTexts();
  const may = useMayHere();
  return (
    <Flex vertical gap={24} style={{ maxWidth: 860 }}>
      <Typography.Text type="secondary">{say('groups-intro')}</Typography.Text>
      <DefaultsForm editable={may('manage-project')} />
      <UsableGroups />
    </Flex>
  );
}

function DefaultsForm({ editable }: { editable: boolean }) {
  const say = useTexts();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const { base, edit, save, reload } = useBase(form);
  const filled = Form.useWatch([], form);
  const now = fieldsOf(base);
  const isChanged =
    filled !== undefined &&
    (filled['default-group'] !== now['default-group'] ||
      filled['development-group'] !== now['development-group']);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was loaded anew takes the place of what was chosen
  useEffect(() => {
    form.resetFields();
  }, [base.edition]);
  const submit = async (fields: Fields) => {
    await save({
      'default-group': fields['default-group'] ?? null,
      'development-group': fields['development-group'] ?? null,
    });
    message.success(say('saved'));
  };
  const isDevProd = base.mode === 'dev-prod';
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      disabled={!editable}
      initialValues={now}
      onFinish={(fields) => void submit(fields).catch(() => {})}
      style={{ maxWidth: 480 }}
    >
      <Form.Item name="default-group" label={say(isDevProd ? 'production-group' : 'default-group')}>
        <GroupSelect project={base.id} placeholder={say('no-group')} />
      </Form.Item>
      {isDevProd && (
        <Form.Item name="development-group" label={say('development-group')}>
          <GroupSelect project={base.id} placeholder={say('no-group')} />
        </Form.Item>
      )}
      {editable && (
        <Flex vertical gap={12}>
          <EditProblem error={edit.error} onReload={() => void reload()} />
          <Flex gap={8}>
            <Button type="primary" htmlType="submit" loading={edit.isPending} disabled={!isChanged}>
              {say('save')}
            </Button>
            {isChanged && <Button onClick={() => form.resetFields()}>{say('reset')}</Button>}
          </Flex>
        </Flex>
      )}
    </Form>
  );
}

function UsableGroups() {
  const say = useTexts();
  const groups = useGroups();
  const project = useProject();
  const usable = (groups.data ?? []).filter((group) => group.projects?.includes(project.id));
  return (
    <section>
      <Flex justify="space-between" align="baseline">
        <Typography.Title level={2} style={{ fontSize: 16 }}>
          {say('usable-groups')}
        </Typography.Title>
        <Link to="/resource-groups">{say('to-groups')}</Link>
      </Flex>
      <Problem error={groups.error} />
      <Table<Group>
        size="small"
        rowKey="id"
        loading={groups.isPending}
        dataSource={usable}
        pagination={false}
        locale={{ emptyText: <Empty title={say('usable-empty')}>{say('usable-hint')}</Empty> }}
        columns={[
          { title: say('group'), dataIndex: 'name' },
          { title: say('description'), dataIndex: 'description' },
          { title: say('cpu'), dataIndex: 'cpu-millis', align: 'right', render: cores },
          {
            title: say('memory'),
            dataIndex: 'memory-mb',
            align: 'right',
            render: (mb: number) => bytes(mb * 1024 * 1024),
          },
          {
            title: say('daily'),
            dataIndex: 'daily-scheduling',
            render: (daily: boolean) => say(daily ? 'yes' : 'no'),
          },
        ]}
      />
    </section>
  );
}
