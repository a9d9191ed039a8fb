import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isObject } from './fields';
import { inChinese } from './options.zh';

// Tests run in the page's folder.
const FILE = '../docs/migration.schema.json';

/** Titles, and the descriptions beside them. */
function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isObject(value)) return [];
  const own = 'title' in value || 'const' in value ? [value.title, value.description] : [];
  const inner = Object.values(value).flatMap(textsIn);
  return [...own.filter((one): one is string => typeof one === 'string'), ...inner];
}

it('knows the Chinese of all options of all connectors', () => {
  const { $defs }: { $defs: Record<string, unknown> } = JSON.parse(readFileSync(FILE, 'utf8'));
  // What connectors define has their names in front.
  const ofConnectors = Object.entries($defs).filter(
    ([name]) => name === 'DataSource' || /^[a-z]+-/.test(name),
  );
  const ends = [$defs.SourceEnd, $defs.DestinationEnd];
  const texts = textsIn([...ofConnectors.map(([, one]) => one), ...ends]);
  const plain = new Set(texts.map((text) => text.replaceAll(/\s+/g, ' ').trim()));
  // What is said of places of secrets in files is not said in a form.
  const missing = [...plain].filter((text) => !text.includes('$') && inChinese(text) === undefined);
  expect(plain.size).toBeGreaterThan(40);
  expect(missing).toEqual([]);
});
