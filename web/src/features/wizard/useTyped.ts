import { useState, useTransition } from 'react';

/**
 * What is being typed into a field is seen at once; the draft, and the page with it, follow when there is time,
 * however many tables there are.
 */
export function useTyped<T>(value: T, write: (value: T) => void): { value: T; take: (value: T) => void } {
  const [typed, setTyped] = useState<{ value: T } | null>(null);
  const [isFollowing, follow] = useTransition();
  return {
    value: typed !== null && isFollowing ? typed.value : value,
    take: (next) => {
      setTyped({ value: next });
      follow(() => write(next));
    },
  };
}
