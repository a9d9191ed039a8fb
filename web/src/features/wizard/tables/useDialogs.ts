import { useCallback, useMemo, useRef, useState } from 'react';
import type { Rules } from './naming';
import type { Row } from './selection';

type Kind = 'search' | 'rules' | 'validation' | 'table';

/** Which dialog is open, and the table that is shown in the list. */
export function useDialogs() {
  const [kind, setKind] = useState<Kind | null>(null);
  const [table, setTable] = useState<Row | null>(null);
  const [proposed, setProposed] = useState<Rules | null>(null);
  const [revealed, setRevealed] = useState<{ key: string }>();
  const opener = useRef<HTMLElement | null>(null);
  const openTable = useCallback((row: Row) => {
    opener.current = focused();
    setTable(row);
    setKind('table');
  }, []);
  return useMemo(
    () => ({
      kind,
      table,
      /** Rules that the dialog for them begins with. */
      proposed,
      revealed,
      open: (kind: Kind) => {
        opener.current = focused();
        setProposed(null);
        setKind(kind);
      },
      openTable,
      propose: (rules: Rules) => {
        setProposed(rules);
        setKind('rules');
      },
      reveal: (key: string) => {
        setKind(null);
        setRevealed({ key });
      },
      /** Closes what is open; the focus goes back to where it came from. */
      close: () => {
        setKind(null);
        setTimeout(() => opener.current?.focus({ preventScroll: true }));
      },
    }),
    [kind, table, proposed, revealed, openTable],
  );
}

/** What has the focus; in a list that is the list. */
function focused(): HTMLElement | null {
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLElement)) return null;
  return activeElement.closest<HTMLElement>('[role="grid"]') ?? activeElement;
}

export type Dialogs = ReturnType<typeof useDialogs>;
