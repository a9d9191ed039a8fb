import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

/**
 * A filter that lives in the address: read by its name, changed by `set` (an empty value takes it out; other
 * filters stay).
 */
export function useSearch(): {
  get: (name: string) => string | undefined;
  set: (changes: Record<string, string | undefined | null>) => void;
} {
  const [parameters, setParameters] = useSearchParams();
  const set = useCallback(
    (changes: Record<string, string | undefined | null>) => {
      setParameters(
        () => {
          // As it is now: what was rendered last lacks what was set since.
          const next = new URLSearchParams(window.location.search);
          for (const [name, value] of Object.entries(changes)) {
            if (value == null || value === '') next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: true },
      );
    },
    [setParameters],
  );
  return { get: (name) => parameters.get(name) ?? undefined, set };
}
