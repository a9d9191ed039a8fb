import { createContext, useContext } from 'react';
import { useLanguage } from '@/ui/texts';
import { isObject } from './fields';
import { inChinese } from './options.zh';
import type { JsonSchema } from './schema';
import { type FieldFinding, isKept } from './validate';

/** What the fields of one column of a form share. */
export interface Scope {
  id: string;
  root: JsonSchema;
  /** By the path of what they are about. */
  findings: readonly FieldFinding[];
  /** Told when a field is left, so that what is wrong with it is said then and not while it is filled in. */
  touch: (path: string) => void;
  suggestions: Record<string, readonly string[] | undefined>;
  disabled: boolean;
  /** What the column is called, where there are two. */
  column?: string;
  /** What holds where this column says nothing, by the names of its first level. */
  inherited?: Record<string, unknown>;
}

export const ScopeContext = createContext<Scope | null>(null);

export function useScope(): Scope {
  const scope = useContext(ScopeContext);
  if (scope === null) throw new Error('this field is in no form');
  return scope;
}

/** Texts of definitions in the person's language, where their Chinese is known. */
export function useTranslated(): (text: string | undefined) => string | undefined {
  const language = useLanguage();
  return (text) => {
    if (text === undefined) return undefined;
    const plain = text.replaceAll(/\s+/g, ' ').trim();
    return language === 'zh' ? (inChinese(plain) ?? plain) : plain;
  };
}

export function idOf(scope: Scope, path: string): string {
  return `${scope.id}-${path.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
}

/** What is said of a field; of what is inside it, too, where that has no field of its own. */
export function findingsAt(scope: Scope, path: string, inside: boolean): FieldFinding[] {
  return scope.findings.filter(
    ({ at }) => at === path || (inside && (at.startsWith(`${path}.`) || at.startsWith(`${path}[`))),
  );
}

/** What holds in place of a field that is left open; secrets count, and are not told. */
export function inheritedAt(scope: Scope, path: string): { value: unknown } | undefined {
  if (!scope.inherited || /[.[]/.test(path)) return undefined;
  return { value: scope.inherited[path] };
}

/** A value in few words. */
export function inWords(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '' || isKept(value)) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(String).join(', ');
  return isObject(value) ? undefined : String(value);
}
