import type { Text } from '@codemirror/state';

/** A key, or an item of a list. */
export type Step = string | null;

/** Where in a document a position of its text is. */
export interface Place {
  /** The way to the map, list or value that the position is in. */
  path: Step[];
  at: 'key' | 'value';
  /** What is being typed, up to the position. */
  word: string;
  /** The keys that stand beside it. */
  siblings: Set<string>;
  /** Whether a value stands behind it already. */
  hasValue: boolean;
  /** The column of its key. */
  indent: number;
  inFlow: boolean;
}

interface Level {
  list: boolean;
  key: string | null;
  /** Whether a value is due. */
  due: boolean;
  keys: Set<string>;
}

const TOKEN =
  /"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?|[{}[\],]|:(?=[\s"'{[]|$)|[^\s{}[\],:"']+(?::(?!\s|$)[^\s{}[\],:]*)*|#.*/g;

/** Goes through braces, up to the end of a text. */
function flow(text: string): { levels: Level[]; word: string } {
  const levels: Level[] = [];
  let last = '';
  let word = '';
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const top = levels.at(-1);
    const isOpen = index + token.length === text.length;
    word = '';
    if (token === '{' || token === '[') {
      levels.push({ list: token === '[', key: null, due: token === '[', keys: new Set() });
    } else if (token === '}' || token === ']') {
      levels.pop();
    } else if (token === ',') {
      if (top && !top.list) Object.assign(top, { key: null, due: false });
    } else if (token === ':') {
      if (top && !top.list) {
        top.key = last;
        top.due = true;
        top.keys.add(last);
      }
    } else {
      last = token.replace(/^["']|["']$/g, '');
      if (isOpen && !/^(["']).*\1$/.test(token)) word = token;
      else if (isOpen && /^["'\w]/.test(token)) word = token;
    }
  }
  return { levels, word };
}

function stepsOf(levels: Level[]): Step[] {
  const steps: Step[] = [];
  for (const [index, level] of levels.entries()) {
    const isLast = index === levels.length - 1;
    if (level.list) steps.push(null);
    else if (level.key !== null && (level.due || !isLast)) steps.push(level.key);
  }
  return steps;
}

/** Keys of the map that goes on behind the position. */
function keysBehind(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let last = '';
  for (const { 0: token } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') {
      depth -= 1;
      if (depth < 0) break;
    } else if (token === ':' && depth === 0) found.push(last);
    else last = token.replace(/^["']|["']$/g, '');
  }
  return found;
}

export function placeInJson(before: string, behind: string): Place | null {
  const { levels, word } = flow(before);
  const top = levels.at(-1);
  if (top === undefined) return null;
  return {
    path: stepsOf(levels),
    at: top.due ? 'value' : 'key',
    word,
    siblings: new Set([...top.keys, ...keysBehind(behind)]),
    hasValue: /^["\w-]*\s*:/.test(behind),
    indent: 0,
    inFlow: true,
  };
}

interface Line {
  /** The column of the key, or of the bare value. */
  indent: number;
  /** The columns of the dashes in front of it. */
  dashes: number[];
  key: string | null;
  rest: string;
}

function read(text: string): Line | null {
  if (/^\s*(#|$)/.test(text)) return null;
  let at = text.length - text.trimStart().length;
  const dashes: number[] = [];
  for (let dash = /^-(\s+|$)/.exec(text.slice(at)); dash; dash = /^-(\s+|$)/.exec(text.slice(at))) {
    dashes.push(at);
    at += dash[0].length;
  }
  const key = /^("[^"]*"|'[^']*'|[^\s{}[\],:"'#][^:{}[\]]*?)\s*:(\s|$)/.exec(text.slice(at));
  const name = key?.[1]?.replace(/^["']|["']$/g, '') ?? null;
  return { indent: at, dashes, key: name, rest: key ? text.slice(at + key[0].length) : text.slice(at) };
}

/** A place in YAML of blocks; braces may stand within one line. */
export function placeInYaml(doc: Text, pos: number): Place | null {
  const line = doc.lineAt(pos);
  const before = line.text.slice(0, pos - line.from);
  if (/(^|\s)#/.test(before)) return null;
  const here = read(before) ?? { indent: before.length, dashes: [], key: null, rest: '' };
  const path = [...ancestors(doc, line.number, here), ...here.dashes.map(() => null)];
  const behind = line.text.slice(pos - line.from);
  const common = { indent: here.indent, inFlow: false };
  if (here.key !== null) path.push(here.key);
  const { levels, word } = flow(here.rest);
  const top = levels.at(-1);
  if (top !== undefined) {
    return {
      ...common,
      path: [...path, ...stepsOf(levels)],
      at: top.due ? 'value' : 'key',
      word,
      siblings: new Set([...top.keys, ...keysBehind(behind)]),
      hasValue: /^[\w-]*\s*:/.test(behind),
      inFlow: true,
    };
  }
  if (here.key !== null) {
    return {
      ...common,
      path,
      at: 'value',
      word: here.rest.trimStart(),
      siblings: new Set(),
      hasValue: false,
    };
  }
  return {
    ...common,
    path,
    at: 'key',
    word: here.rest,
    siblings: siblings(doc, line.number, here),
    hasValue: /^[\w-]*\s*:/.test(behind),
  };
}

/** The keys and dashes that the line is below of, from the outermost on. */
function ancestors(doc: Text, number: number, here: Line): Step[] {
  const steps: Step[] = [];
  let below = here.dashes[0] ?? here.indent;
  // A list may stand at the column of its key.
  let isItem = here.dashes.length > 0;
  for (let at = number - 1; at >= 1 && (below > 0 || isItem); at -= 1) {
    const line = read(doc.line(at).text);
    if (line === null) continue;
    const start = line.dashes[0] ?? line.indent;
    if (
      line.key !== null &&
      (line.indent < below || (isItem && line.indent === below && line.dashes.length === 0))
    ) {
      steps.unshift(line.key);
      below = line.indent;
      isItem = false;
    }
    if (line.dashes.length > 0 && start < below) {
      steps.unshift(...line.dashes.map(() => null));
      below = start;
      isItem = true;
    }
  }
  return steps;
}

function siblings(doc: Text, number: number, here: Line): Set<string> {
  const keys = new Set<string>();
  const walk = (step: 1 | -1) => {
    for (let at = number + step; at >= 1 && at <= doc.lines; at += step) {
      const line = read(doc.line(at).text);
      if (line === null) continue;
      const start = line.dashes[0] ?? line.indent;
      if (line.indent < here.indent || (step === 1 && start < here.indent)) return;
      if (line.indent === here.indent && line.key !== null) keys.add(line.key);
      if (line.dashes.length > 0 && start < here.indent) return;
    }
  };
  if (here.dashes.length === 0) walk(-1);
  walk(1);
  return keys;
}
