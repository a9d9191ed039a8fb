import { useQuery } from '@tanstack/react-query';
import { type Language, useLanguage } from './texts';

const PAGES: Record<Language, () => Promise<typeof import('virtual:codes/en')>> = {
  en: () => import('virtual:codes/en'),
  zh: () => import('virtual:codes/zh'),
};

/** Every code that findings, errors and rejected rows have, by sections; comes when it is first asked for. */
export function useCodes() {
  const language = useLanguage();
  return useQuery({
    queryKey: ['codes', language],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await PAGES[language]()).default,
  });
}

/** What one of them means and the way out; nothing as long as that has not come. */
export function useCode(code: string) {
  const sections = useCodes().data;
  return sections?.flatMap(({ codes }) => codes).find((one) => one.code === code);
}
