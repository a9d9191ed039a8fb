import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';

/** The languages of the page. */
export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = 'godwit.language';

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

i18next.use(initReactI18next).init({
  lng: firstLanguage(),
  fallbackLng: 'en',
  resources: {},
  interpolation: { escapeValue: false }, // React escapes
  returnNull: false,
});
document.documentElement.lang = i18next.language;
i18next.on('languageChanged', (language) => {
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language;
});

export function setLanguage(language: Language): void {
  void i18next.changeLanguage(language);
}

export function useLanguage(): Language {
  return useTranslation().i18n.language === 'zh' ? 'zh' : 'en';
}

type Flat = Record<string, string>;
type Values = Record<string, string | number>;

/** Says a text by its key; `{{name}}` in it is filled from `values`; `count` chooses `key_one`, `key_other`. */
export type Say<T extends Flat> = (key: BareKey<keyof T & string>, values?: Values) => string;
type BareKey<K extends string> = K extends `${infer Base}_${'one' | 'other'}` ? Base : K;

const defined = new Set<string>();

/**
 * The texts of one folder, in both languages; a text that lacks its Chinese does not compile.
 * `const useTexts = defineTexts('projects', { title: 'Projects' }, { title: '项目' })`, and in a component
 * `const say = useTexts()`, `say('title')`.
 */
export function defineTexts<const T extends Flat>(
  namespace: string,
  en: T,
  zh: Record<Exclude<keyof T, `${string}_one`>, string> & Partial<Record<keyof T, string>>,
): { (): Say<T>; now: Say<T> } {
  if (defined.has(namespace) && !import.meta.hot)
    throw new Error(`two folders call their texts ${namespace}`);
  defined.add(namespace);
  i18next.addResourceBundle('en', namespace, en);
  i18next.addResourceBundle('zh', namespace, zh);
  const use = () => {
    const { t } = useTranslation(namespace);
    return ((key: string, values?: Values) => t(key, values ?? {})) as Say<T>;
  };
  const now = ((key: string, values?: Values) => i18next.t(key, { ns: namespace, ...values })) as Say<T>;
  return Object.assign(use, { now });
}
