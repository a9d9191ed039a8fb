import type { Schemas } from '@/api/client';
import { useAuditTexts, useNounTexts, useVerbTexts } from './texts';

export type Line = Schemas['AuditShown'];

/** Actions that are not said as what and what was done to it. */
const OWN_WORDS = [
  'session-begun',
  'session-ended',
  'session-refused',
  'calendar-missed',
  'store-restored',
] as const;

/** An action in words; as it is where it is not known here. */
export function actionText(action: string): string {
  const own = OWN_WORDS.find((one) => one === action.replace('.', '-'));
  if (own) return useAuditTexts.now(own);
  // A key without a text is given back as it is.
  const noun = useNounTexts.now as (key: string) => string;
  const verb = useVerbTexts.now as (key: string) => string;
  const [before = '', after = ''] = action.split('.');
  return useAuditTexts.now('action', { noun: noun(before), verb: verb(after) }).trim();
}

/** The project that a line is about: what is done to a project itself is in none. */
export function projectOf(line: Line): string {
  return line.project || (line.action.startsWith('project.') ? line.subject : '');
}

/** What the line's subject is called, where the line says it. */
export function nameOf({ detail }: Line): string | undefined {
  if (typeof detail !== 'object' || detail === null) return undefined;
  const found = ['name', 'task'].map((key) => (detail as Record<string, unknown>)[key]);
  return found.find((name): name is string => typeof name === 'string');
}
