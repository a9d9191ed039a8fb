import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The texts of one folder of the page, as its source says them. */
export interface Bundle {
  namespace: string;
  file: string;
  en: Record<string, string>;
  zh: Record<string, string>;
}

const SOURCES = new URL('../../src', import.meta.url).pathname;

/** All bundles that are given to `defineTexts`, read from the sources. */
export function bundles(): Bundle[] {
  const found: Bundle[] = [];
  for (const name of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(name) || /\.test\.|\.d\.ts$/.test(name)) continue;
    const text = readFileSync(join(SOURCES, name), 'utf8');
    if (!text.includes('defineTexts(') && !text.includes('defineTexts<')) continue;
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
    const visit = (node: ts.Node): void => {
      if (
        ts.isCallExpression(node) &&
        ts.isIdentifier(node.expression) &&
        node.expression.text === 'defineTexts'
      ) {
        const [namespace, en, zh] = node.arguments;
        if (namespace && ts.isStringLiteral(namespace) && en && zh) {
          found.push({ namespace: namespace.text, file: name, en: texts(en), zh: texts(zh) });
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return found;
}

function texts(node: ts.Node): Record<string, string> {
  const found: Record<string, string> = {};
  if (!ts.isObjectLiteralExpression(node)) return found;
  for (const property of node.properties) {
    if (!ts.isPropertyAssignment(property)) continue;
    const { name, initializer } = property;
    const key = ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : '';
    if (ts.isStringLiteralLike(initializer)) found[key] = initializer.text;
  }
  return found;
}
