import type {
  Completion,
  CompletionContext,
  CompletionResult,
  CompletionSource,
} from '@codemirror/autocomplete';
import type { Text } from '@codemirror/state';
import type { EditorView, Tooltip } from '@codemirror/view';
import type { JsonSchema } from '@/forms/schema';
import { type Place, placeInJson, placeInYaml, type Step } from './textPlace';

/*
 * What a JSON Schema knows of the place where the cursor is. Texts need not be whole: while somebody types, they
 * hardly ever are.
 */

/** A schema and all that it refers to or may be instead, flat. */
function flat(schema: JsonSchema | undefined, root: JsonSchema, depth = 0): JsonSchema[] {
  if (schema === undefined || depth > 12) return [];
  const found = [schema];
  if (schema.$ref?.startsWith('#/$defs/')) {
    found.push(...flat(root.$defs?.[schema.$ref.slice('#/$defs/'.length)], root, depth + 1));
  }
  for (const other of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) {
    found.push(...flat(other, root, depth + 1));
  }
  return found;
}

function stepInto(schemas: JsonSchema[], step: Step, root: JsonSchema): JsonSchema[] {
  return schemas.flatMap((schema) => {
    if (step === null) return flat(schema.items, root);
    const named = schema.properties?.[step];
    if (named !== undefined) return flat(named, root);
    return typeof schema.additionalProperties === 'object' ? flat(schema.additionalProperties, root) : [];
  });
}

export function schemasAt(root: JsonSchema, path: readonly Step[]): JsonSchema[] {
  return path.reduce((schemas, step) => stepInto(schemas, step, root), flat(root, root));
}

function kindOf(schemas: JsonSchema[]): string {
  const types = schemas.flatMap((schema) => schema.type ?? []);
  const words = schemas.flatMap(
    (schema) => schema.enum ?? (schema.const === undefined ? [] : [schema.const]),
  );
  if (words.length > 0) return words.map(String).join(' | ');
  return [...new Set(types)].filter((type) => type !== 'null').join(' | ');
}

function holdsMore(schemas: JsonSchema[]): 'map' | 'list' | null {
  if (schemas.some((schema) => schema.const !== undefined || schema.enum)) return null;
  if (schemas.some((schema) => schema.properties || schema.additionalProperties)) return 'map';
  return schemas.some((schema) => schema.items) ? 'list' : null;
}

function described(text: string | undefined): Completion['info'] {
  if (!text) return undefined;
  return () => {
    const node = document.createElement('div');
    node.textContent = text;
    return node;
  };
}

type Language = 'yaml' | 'json';

function keys(schemas: JsonSchema[], place: Place, root: JsonSchema, language: Language): Completion[] {
  const found = new Map<string, Completion>();
  for (const schema of schemas) {
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      if (place.siblings.has(key) || found.has(key)) continue;
      const child = flat(value, root);
      found.set(key, {
        label: key,
        type: 'property',
        detail: kindOf(child).slice(0, 60),
        info: described(value.description ?? child.find((one) => one.description)?.description),
        boost: schema.required?.includes(key) ? 1 : 0,
        apply: keyText(key, child, place, language),
      });
    }
  }
  return [...found.values()];
}

function keyText(key: string, child: JsonSchema[], place: Place, language: Language): string {
  if (language === 'json') return place.hasValue ? `"${key}"` : `"${key}": `;
  if (place.hasValue) return key;
  if (place.inFlow) return `${key}: `;
  const inner = `\n${' '.repeat(place.indent + 2)}`;
  const more = holdsMore(child);
  if (more === 'map' && !child.some((one) => one.type === 'string')) return `${key}:${inner}`;
  return more === 'list' ? `${key}:${inner}- ` : `${key}: `;
}

function values(schemas: JsonSchema[], language: Language): Completion[] {
  const found = new Map<string, Completion>();
  const add = (value: unknown, info?: string, detail?: string) => {
    if (value === null || typeof value === 'object') return;
    const label = String(value);
    if (found.has(label)) return;
    const apply = language === 'json' ? JSON.stringify(value) : label;
    found.set(label, { label, type: 'enum', info: described(info), detail, apply });
  };
  for (const schema of schemas) {
    if (schema.const !== undefined) add(schema.const, schema.description);
    for (const one of schema.enum ?? []) add(one, schema.description);
    if (schema.type === 'boolean') {
      add(true);
      add(false);
    }
  }
  for (const schema of schemas) {
    if ('examples' in schema && Array.isArray(schema.examples)) for (const one of schema.examples) add(one);
    if (schema.default !== undefined) add(schema.default);
  }
  return [...found.values()];
}

function placeOf(doc: Text, pos: number, language: Language): Place | null {
  return language === 'json'
    ? placeInJson(doc.sliceString(0, pos), doc.sliceString(pos))
    : placeInYaml(doc, pos);
}

/** Completes keys and values, as the schema knows them. */
export function schemaCompletion(schema: JsonSchema, language: Language): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const place = placeOf(context.state.doc, context.pos, language);
    if (place === null || (!context.explicit && place.word === '' && place.at === 'key')) return null;
    const around = schemasAt(schema, place.path);
    const options =
      place.at === 'value'
        ? values(around, language)
        : [
            ...keys(around, place, schema, language),
            // A bare word of a YAML list may be a value, too.
            ...(language === 'yaml' && place.path.at(-1) === null ? values(around, language) : []),
          ];
    if (options.length === 0) return null;
    return { from: context.pos - place.word.length, options, validFor: /^["\w.+:-]*$/ };
  };
}

/** Tells what the key under the pointer means. */
export function schemaHover(schema: JsonSchema, language: Language) {
  return (view: EditorView, pos: number): Tooltip | null => {
    const line = view.state.doc.lineAt(pos);
    const word = view.state.wordAt(pos);
    if (word === null) return null;
    let [from, to] = [word.from, word.to];
    while (from > line.from && /[\w-]/.test(line.text[from - 1 - line.from] ?? '')) from -= 1;
    while (to < line.to && /[\w-]/.test(line.text[to - line.from] ?? '')) to += 1;
    if (!/^"?\s*:/.test(line.text.slice(to - line.from))) return null;
    const place = placeOf(view.state.doc, to, language);
    if (place === null || place.at !== 'key') return null;
    const schemas = schemasAt(schema, [...place.path, view.state.sliceDoc(from, to)]);
    const text = schemas.find((one) => one.description)?.description;
    if (text === undefined) return null;
    const fallback = schemas.find((one) => one.default !== undefined)?.default;
    return {
      pos: from,
      end: to,
      above: true,
      create: () => ({ dom: hovered(text, kindOf(schemas), fallback) }),
    };
  };
}

function hovered(text: string, kind: string, fallback: unknown): HTMLElement {
  const node = document.createElement('div');
  node.className = 'cm-schema-hover';
  const what = document.createElement('div');
  what.textContent = text;
  node.append(what);
  const facts = [kind, fallback === undefined ? '' : `= ${JSON.stringify(fallback)}`]
    .filter(Boolean)
    .join('  ');
  if (facts) {
    const detail = document.createElement('code');
    detail.textContent = facts;
    node.append(detail);
  }
  return node;
}
