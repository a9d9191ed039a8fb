import type { Schemas } from '@/api/client';
import { visible } from '@/ui/Identifier';
import type { TableId } from './reference';
import { sha256 } from './sha256';

/**
 * Names as the rules make them, at once while somebody types. The service names them again, and what it says
 * holds; its rules are those of `docs/guide/migration-file.md`.
 */
export type Rule = Schemas['NameRule'];
export type Rules = Partial<Schemas['NameRules']>;

/** What the destination allows. */
export interface Limits {
  longest: number;
  lowerCase: boolean;
}

export type Fault = 'illegal' | 'empty' | 'long';
export type Named = { name: string; fault?: undefined } | { name: string; fault: Fault };

export const SCHEMA = `\${source_schema}`;
const LONGEST_UNCONVERTED = 127;
const LONGEST_RULED = 1024;
const HASH_LENGTH = 7;
const LEGAL = /^[A-Za-z0-9_]+$/;

/** ASCII alone: other alphabets stay as they are. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function applied(rules: readonly Rule[], name: string): string {
  let ruled = name;
  for (const rule of rules) {
    if (rule.replace === '' || !ruled.includes(rule.replace)) continue;
    ruled = ruled.split(rule.replace).join(lowerAscii(rule.with));
    if (ruled.length > LONGEST_RULED) break;
  }
  return ruled;
}

function affix(text: string | undefined, schema: string): string {
  return text ? lowerAscii(text.split(SCHEMA).join(schema)) : '';
}

function converted(name: string, longest: number): string {
  const startsWithDigit = /^[0-9]/.test(name);
  if (LEGAL.test(name) && !startsWithDigit && name.length <= longest) return name;
  const plain = Array.from(name, (sign) => (LEGAL.test(sign) ? lowerAscii(sign) : '_')).join('');
  const trimmed = plain.replace(/^_+|_+$/g, '');
  const start = trimmed === '' ? 'n' : /^[0-9]/.test(trimmed) ? `c_${trimmed}` : trimmed;
  return `${start.slice(0, Math.max(longest - HASH_LENGTH, 1))}_${sha256(name).slice(0, 6)}`;
}

function legal(name: string, illegal: Rules['illegal'], limits: Limits): Named {
  const cased = (text: string) => (limits.lowerCase ? lowerAscii(text) : text);
  if (name.length > LONGEST_RULED) return { name: name.slice(0, LONGEST_RULED), fault: 'long' };
  if (illegal === 'convert') {
    return { name: cased(converted(name, Math.min(limits.longest, LONGEST_UNCONVERTED))) };
  }
  if (name === '') return { name, fault: 'empty' };
  if (!LEGAL.test(name)) return { name, fault: 'illegal' };
  if (name.length > limits.longest) return { name, fault: 'long' };
  return { name: cased(name) };
}

/** What a source table is called at the destination. */
export function tableName(rules: Rules, { schema, table }: TableId, limits: Limits): Named {
  const prefix = affix(rules['table-prefix'], schema);
  const suffix = affix(rules['table-suffix'], schema);
  return legal(prefix + applied(rules['table-rules'] ?? [], table) + suffix, rules.illegal, limits);
}

/** What a source column is called at the destination. */
export function columnName(rules: Rules, column: string, limits: Limits): Named {
  return legal(applied(rules['field-rules'] ?? [], column), rules.illegal, limits);
}

/** Which tables come to one name, by that name in small letters: names that differ in case alone are one. */
export function collisions(named: Iterable<readonly [key: string, named: Named]>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, { name, fault }] of named) {
    if (fault) continue;
    const folded = lowerAscii(name);
    const group = groups.get(folded);
    if (group) group.push(key);
    else groups.set(folded, [key]);
  }
  for (const [name, keys] of groups) if (keys.length < 2) groups.delete(name);
  return groups;
}

/** The rules without what is as it would be anyway; nothing where all is. */
export function plainRules(rules: Rules): Rules | undefined {
  const plain: Rules = {};
  const tables = (rules['table-rules'] ?? []).filter((rule) => rule.replace !== '');
  const fields = (rules['field-rules'] ?? []).filter((rule) => rule.replace !== '');
  if (tables.length > 0) plain['table-rules'] = tables;
  if (rules['table-prefix']) plain['table-prefix'] = rules['table-prefix'];
  if (rules['table-suffix']) plain['table-suffix'] = rules['table-suffix'];
  if (fields.length > 0) plain['field-rules'] = fields;
  if (rules.illegal === 'convert') plain.illegal = 'convert';
  return Object.keys(plain).length > 0 ? plain : undefined;
}

/** Rules that make legal names of these: each other sign becomes an underscore. */
export function rulesFor(names: Iterable<string>): Rule[] {
  const signs = new Set<string>();
  for (const name of names) for (const sign of name) if (!LEGAL.test(sign)) signs.add(sign);
  // What cannot be seen cannot be edited in a rule, either: such names are converted.
  return [...signs]
    .filter((sign) => visible(sign) === sign)
    .sort()
    .map((sign) => ({ replace: sign, with: '_' }));
}
