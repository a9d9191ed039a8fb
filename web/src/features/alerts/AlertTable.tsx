import {
  CheckCircleFilled,
  ClockCircleFilled,
  CloseCircleFilled,
  DeleteOutlined,
  EditOutlined,
  HourglassFilled,
} from '@ant-design/icons';
import {
  App,
  Button,
  Flex,
  type GlobalToken,
  Switch,
  Table,
  type TableColumnsType,
  Tag,
  Tooltip,
  Typography,
  theme,
} from 'antd';
import { type ReactNode, useState } from 'react';
import type { Schemas } from '@/api/client';
import { Problem } from '@/ui/Problem';
import { CAUSES } from './AlertForm';
import { type Alert, useAlertVerbs, useProductionTasks } from './editing';
import { useTexts } from './texts';

export interface Dialog {
  kind: 'edit' | 'try' | 'remove';
  alert: Alert;
}

const ICONS: Record<Schemas['Cause'], (token: GlobalToken) => ReactNode> = {
  failed: (token) => <CloseCircleFilled style={{ color: token.colorError }} />,
  'timed-out': (token) => <HourglassFilled style={{ color: token.colorError }} />,
  late: (token) => <ClockCircleFilled style={{ color: token.colorWarning }} />,
  finished: (token) => <CheckCircleFilled style={{ color: token.colorSuccess }} />,
};

export function AlertTable({
  alerts,
  onDialog,
}: {
  alerts: Alert[];
  /** Left out for who may only look on. */
  onDialog?: (dialog: Dialog) => void;
}) {
  const say = useTexts();
  const columns: TableColumnsType<Alert> = [
    {
      title: say('name'),
      dataIndex: 'name',
      render: (name: string) => (
        <Typography.Text strong style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Typography.Text>
      ),
    },
    { title: say('tells-of'), key: 'on', render: (_, alert) => <Causes alert={alert} /> },
    { title: say('tasks'), key: 'tasks', render: (_, { tasks }) => <Tasks ids={tasks ?? []} /> },
    { title: say('to'), key: 'to', render: (_, alert) => <Ways alert={alert} /> },
    {
      title: say('every'),
      dataIndex: 'every-minutes',
      width: 170,
      render: (minutes: number) => say('every-minutes', { count: minutes }),
    },
    {
      title: say('enabled'),
      key: 'enabled',
      width: 90,
      render: (_, alert) =>
        onDialog ? <OnOff alert={alert} /> : <Tag>{say(alert.disabled ? 'off' : 'enabled')}</Tag>,
    },
    ...(onDialog
      ? [
          {
            key: 'actions',
            fixed: 'end' as const,
            width: 190,
            render: (_: unknown, alert: Alert) => <Actions alert={alert} onDialog={onDialog} />,
          },
        ]
      : []),
  ];
  return (
    <Table<Alert>
      rowKey="id"
      dataSource={alerts}
      columns={columns}
      scroll={{ x: 960 }}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
    />
  );
}

function Causes({ alert }: { alert: Alert }) {
  const say = useTexts();
  const { token } = theme.useToken();
  const words = (cause: Schemas['Cause']) =>
    cause === 'late' ? say('late-by', { time: alert['not-finished-by'] ?? '' }) : say(cause);
  return (
    <Flex wrap gap={4}>
      {CAUSES.filter((cause) => alert.on.includes(cause)).map((cause) => (
        <Tooltip key={cause} title={say(`${cause}-explained`)}>
          <Tag>
            {ICONS[cause](token)} {words(cause)}
          </Tag>
        </Tooltip>
      ))}
    </Flex>
  );
}

function Tasks({ ids }: { ids: string[] }) {
  const say = useTexts();
  const tasks = useProductionTasks(ids.length > 0);
  if (ids.length === 0) return say('tasks-all');
  const name = (id: string) => tasks.data?.find((task) => task.id === id)?.name ?? say('gone-task');
  if (ids.length <= 2 && tasks.data) return ids.map(name).join(', ');
  const all = ids.slice(0, 20).map(name).join(', ');
  return (
    <Tooltip title={ids.length > 20 ? `${all} …` : all}>
      <span>{say('tasks-some', { count: ids.length })}</span>
    </Tooltip>
  );
}

function Ways({ alert }: { alert: Alert }) {
  const say = useTexts();
  const addresses = alert['e-mail'] ?? [];
  return (
    <Flex vertical align="start">
      {alert.webhook != null && <span>{say('webhook')}</span>}
      {addresses.slice(0, 3).map((address) => (
        <span key={address}>{address}</span>
      ))}
      {addresses.length > 3 && (
        <Tooltip title={addresses.slice(3).join(', ')}>
          <Typography.Text type="secondary">+{addresses.length - 3}</Typography.Text>
        </Tooltip>
      )}
    </Flex>
  );
}

function OnOff({ alert }: { alert: Alert }) {
  const say = useTexts();
  const verbs = useAlertVerbs();
  const { message, modal } = App.useApp();
  const [busy, setBusy] = useState(false);
  const turn = async (on: boolean) => {
    setBusy(true);
    try {
      await verbs.edit(alert, { disabled: !on });
      message.success(say(on ? 'now-on' : 'now-off', { name: alert.name }));
    } catch (error) {
      modal.error({ title: alert.name, content: <Problem error={error} /> });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Switch
      checked={!alert.disabled}
      loading={busy}
      aria-label={say('turn-on', { name: alert.name })}
      onChange={(on) => void turn(on)}
    />
  );
}

function Actions({ alert, onDialog }: { alert: Alert; onDialog: (dialog: Dialog) => void }) {
  const say = useTexts();
  const { name } = alert;
  return (
    <Flex gap={4}>
      <Button size="small" style={{ alignSelf: 'center' }} onClick={() => onDialog({ kind: 'try', alert })}>
        {say('try')}
      </Button>
      <Button
        type="text"
        icon={<EditOutlined />}
        aria-label={say('edit-one', { name })}
        onClick={() => onDialog({ kind: 'edit', alert })}
      />
      <Button
        type="text"
        danger
        icon={<DeleteOutlined />}
        aria-label={say('remove-one', { name })}
        onClick={() => onDialog({ kind: 'remove', alert })}
      />
    </Flex>
  );
}
