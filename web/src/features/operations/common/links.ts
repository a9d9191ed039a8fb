import { useCallback } from 'react';
import { useProject } from '@/app/project';

type Filters = Record<string, string | number | undefined>;

/** Addresses of the project's pages, filters in their queries. */
export function usePlace(): (page: string, filters?: Filters) => string {
  const { id } = useProject();
  return useCallback(
    (page, filters = {}) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(filters)) {
        if (value !== undefined && value !== '' && value !== 'production') query.set(name, String(value));
      }
      const text = query.toString();
      return `/p/${id}/${page}${text ? `?${text}` : ''}`;
    },
    [id],
  );
}
