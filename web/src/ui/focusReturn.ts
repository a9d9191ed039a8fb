import { useEffect } from 'react';

const OVER = '[role="dialog"], .ant-modal, .ant-drawer, .ant-dropdown, .ant-popover';
/** A dialog is gone this long after what closed it; the second look is for one that goes slowly. */
const LOOKS = [60, 400];

/**
 * Where a dialog closes and leaves the keyboard nowhere, it goes on where it was before the dialog: at the button
 * that opened it, else at the page.
 */
export function useFocusReturn(): void {
  useEffect(() => {
    let last: HTMLElement | null = null;
    const remember = ({ target }: FocusEvent) => {
      if (target instanceof HTMLElement && target.closest(OVER) === null) last = target;
    };
    const look = () => {
      const isNowhere = document.activeElement === null || document.activeElement === document.body;
      if (!isNowhere || document.querySelector('.ant-modal-wrap:not([style*="display: none"])')) return;
      const place = last?.isConnected ? last : document.getElementById('content');
      place?.focus({ preventScroll: true });
    };
    const later = () => {
      for (const millis of LOOKS) setTimeout(look, millis);
    };
    const typed = ({ key }: KeyboardEvent) => {
      if (key === 'Escape' || key === 'Enter' || key === ' ') later();
    };
    document.addEventListener('focusin', remember);
    document.addEventListener('keydown', typed, true);
    return () => {
      document.removeEventListener('focusin', remember);
      document.removeEventListener('keydown', typed, true);
    };
  }, []);
}
