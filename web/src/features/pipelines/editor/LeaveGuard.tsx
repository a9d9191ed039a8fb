import { Modal } from 'antd';
import { useEffect } from 'react';
import { useBlocker } from 'react-router';
import { useTexts } from '../texts';

/** Asks before a page with unsaved changes is left; going from tab to tab of it is no leaving. */
export function LeaveGuard({ isDirty }: { isDirty: boolean }) {
  const say = useTexts();
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => isDirty && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!isDirty) return;
    const heed = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', heed);
    return () => window.removeEventListener('beforeunload', heed);
  }, [isDirty]);
  return (
    <Modal
      open={blocker.state === 'blocked'}
      title={say('leaveTitle')}
      okText={say('leave')}
      okButtonProps={{ danger: true }}
      cancelText={say('stay')}
      onOk={() => blocker.proceed?.()}
      onCancel={() => blocker.reset?.()}
    >
      {say('leaveText')}
    </Modal>
  );
}
