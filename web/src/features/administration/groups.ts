import { useQuery } from '@tanstack/react-query';
import i18next from 'i18next';
import { all, api, call, type Schemas } from '@/api/client';

export type Group = Schemas['ResourceGroupShown'];

/** The resource groups that the person may see. */
export function useGroups() {
  return useQuery({
    queryKey: ['resource-groups'],
    queryFn: () =>
      all((after) => call(api.GET('/resource-groups', { params: { query: { after, limit: 500 } } }))),
  });
}

/** Thousandths of a core as cores: 1500 as 1.5. */
export function cores(millis: number): string {
  return new Intl.NumberFormat(i18next.language, { maximumFractionDigits: 3 }).format(millis / 1000);
}
