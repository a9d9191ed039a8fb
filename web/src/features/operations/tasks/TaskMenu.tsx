import { EllipsisOutlined } from '@ant-design/icons';
import { App, Button, Dropdown, type MenuProps } from 'antd';
import { useNavigate } from 'react-router';
import { usePlace } from '../common/links';
import { useOperationTexts } from '../common/texts';
import type { TaskShown } from '../common/types';
import { useSuspend } from './changes';
import { useTasksTexts } from './texts';

/** What is done less often with a task. */
export function TaskMenu({ task }: { task: TaskShown }) {
  const say = useTasksTexts();
  const general = useOperationTexts();
  const place = usePlace();
  const navigate = useNavigate();
  const { modal } = App.useApp();
  const suspend = useSuspend(task);
  const askToSuspend = () =>
    modal.confirm({
      title: say('suspendTitle', { task: task.name }),
      content: say('suspendAbout'),
      okText: say('suspend'),
      cancelText: general('cancel'),
      onOk: () => suspend.mutateAsync(true).catch(() => undefined),
    });
  const items: MenuProps['items'] = [
    task.suspended
      ? { key: 'resume', label: say('resume'), onClick: () => suspend.mutate(false) }
      : { key: 'suspend', label: say('suspend'), onClick: askToSuspend },
    {
      key: 'instances',
      label: say('allInstances'),
      onClick: () => navigate(place('instances', { environment: task.environment, task: task.id })),
    },
  ];
  return (
    <Dropdown trigger={['click']} menu={{ items }}>
      <Button
        size="small"
        icon={<EllipsisOutlined />}
        loading={suspend.isPending}
        aria-label={say('moreOf', { task: task.name })}
      />
    </Dropdown>
  );
}
