import type { KeyboardEvent } from 'react';

/** Enter chooses in the control; it does not send the form around it. */
export function keepEnter(event: KeyboardEvent): void {
  if (event.key === 'Enter') event.preventDefault();
}
