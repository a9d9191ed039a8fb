import { PlusOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { useState } from 'react';
import { useMayHere } from '@/app/project';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { AlertForm } from './AlertForm';
import { AlertTable, type Dialog } from './AlertTable';
import { type Alert, useAlerts, useAlertVerbs } from './editing';
import { Trial } from './Trial';
import { useTexts } from './texts';

export default function AlertsPage() {
  const say = useTexts();
  const alerts = useAlerts();
  const manages = useMayHere()('manage-project');
  const [dialog, setDialog] = useState<Dialog | { kind: 'create' } | null>(null);
  const close = () => setDialog(null);
  const { tryOut } = useAlertVerbs();
  const trial = useMutation({ mutationFn: (alert: Alert) => tryOut(alert.id) });
  const open = (next: Dialog) => {
    if (next.kind === 'try') trial.mutate(next.alert);
    setDialog(next);
  };
  const create = manages && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setDialog({ kind: 'create' })}>
      {say('create')}
    </Button>
  );
  return (
    <Page title={say('title')} intro={say('intro')} extra={create}>
      <Problem error={alerts.error} />
      {alerts.isPending && <Waiting />}
      {alerts.data?.length === 0 ? (
        <Empty title={say('empty')} action={create}>
          {say(manages ? 'empty-hint' : 'empty-viewer')}
        </Empty>
      ) : (
        alerts.data && <AlertTable alerts={alerts.data} onDialog={manages ? open : undefined} />
      )}
      {dialog?.kind === 'create' && <AlertForm onClose={close} />}
      {dialog?.kind === 'edit' && <AlertForm alert={dialog.alert} onClose={close} />}
      {dialog?.kind === 'try' && <Trial trial={trial} onClose={close} />}
      <RemoveAlert alert={dialog?.kind === 'remove' ? dialog.alert : null} onClose={close} />
    </Page>
  );
}

function RemoveAlert({ alert, onClose }: { alert: Alert | null; onClose: () => void }) {
  const say = useTexts();
  const verbs = useAlertVerbs();
  const { message } = App.useApp();
  const name = alert?.name ?? '';
  const remove = async () => {
    if (alert === null) return;
    await verbs.remove(alert);
    message.success(say('removed', { name }));
    onClose();
  };
  return (
    <ConfirmTyped
      open={alert !== null}
      title={say('remove-title', { name })}
      consequence={say('remove-consequence')}
      word={name}
      action={say('remove')}
      onConfirm={remove}
      onCancel={onClose}
    />
  );
}
