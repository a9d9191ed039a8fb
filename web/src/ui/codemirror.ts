import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import type { Schemas } from '@/api/client';
import type { JsonSchema } from '@/forms/schema';
import { type EditorColours, highlight, look, phrases } from './codemirrorLook';
import { schemaCompletion, schemaHover } from './schemaHelp';
import { sql } from './sqlLanguage';
import { NONCE } from './theme';

export type EditorLanguage = 'yaml' | 'json' | 'sql';
type Finding = Schemas['Finding'];

export interface EditorOptions {
  value: string;
  language: EditorLanguage;
  schema?: JsonSchema;
  readOnly: boolean;
  label: string;
  /** The id of a text that tells how to leave. */
  describedBy: string;
  chinese: boolean;
  colours: EditorColours;
  onChange: (value: string) => void;
  onFocus: (isFocused: boolean) => void;
}

/** An editor that stands in the page. */
export interface Editor {
  setValue: (value: string) => void;
  setFindings: (findings: readonly Finding[]) => void;
  configure: (options: EditorOptions) => void;
  /** Puts the cursor to a place, both from 1, and shows it. */
  reveal: (line: number, column: number) => void;
  focus: () => void;
  destroy: () => void;
}

function languageOf({ language, schema }: EditorOptions): Extension {
  // A condition is short: it looks like a field, not like a file.
  if (language === 'sql') return sql;
  const plain = language === 'json' ? json() : yaml();
  const gutters = [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightActiveLine(),
    foldGutter(),
    lintGutter(),
  ];
  if (schema === undefined) return [gutters, plain];
  return [
    gutters,
    plain,
    autocompletion({ override: [schemaCompletion(schema, language)], icons: false }),
    hoverTooltip(schemaHover(schema, language)),
  ];
}

function settings(options: EditorOptions): Extension {
  return [
    languageOf(options),
    EditorState.readOnly.of(options.readOnly),
    EditorView.contentAttributes.of({
      'aria-label': options.label,
      tabindex: '0',
      'aria-describedby': options.describedBy,
      ...(options.readOnly ? { 'aria-readonly': 'true' } : {}),
    }),
    look(options.colours),
    syntaxHighlighting(highlight(options.colours)),
    options.chinese ? EditorState.phrases.of(phrases) : [],
  ];
}

const always: Extension = [
  history(),
  drawSelection(),
  indentUnit.of('  '),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightSelectionMatches(),
  EditorView.lineWrapping,
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...foldKeymap,
    ...completionKeymap,
    ...lintKeymap,
    indentWithTab,
  ]),
];

function at(state: EditorState, line: number, column: number): number {
  const found = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  return Math.min(found.from + Math.max(column - 1, 0), found.to);
}

const WEIGHT = { blocker: 'error', warning: 'warning', note: 'info' } as const;

function diagnostics(state: EditorState, findings: readonly Finding[]): Diagnostic[] {
  const placed = findings.flatMap(({ position, severity, message, hint, code }): Diagnostic[] => {
    if (!position) return [];
    const from = at(state, position.line, position.column);
    const rest = state.doc.lineAt(from).text.slice(from - state.doc.lineAt(from).from);
    const length = /^("[^"]*"|'[^']*'|[^\s,}\]]+)/.exec(rest)?.[0].replace(/:$/, '').length ?? 1;
    const to = Math.min(from + length, state.doc.lineAt(from).to);
    return [
      { from, to, severity: WEIGHT[severity], source: code, message: hint ? `${message}\n${hint}` : message },
    ];
  });
  return placed.sort((one, other) => one.from - other.from);
}

/** What needs no new configuration when it changes. */
const SETTLED = new Set<keyof EditorOptions>(['value', 'onChange', 'onFocus']);

export function mount(parent: HTMLElement, options: EditorOptions): Editor {
  const changing = new Compartment();
  let current = options;
  let isOurs = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.value,
      extensions: [
        NONCE ? EditorView.cspNonce.of(NONCE) : [],
        always,
        changing.of(settings(options)),
        EditorView.updateListener.of((update) => {
          if (update.focusChanged) current.onFocus(update.view.hasFocus);
          if (update.docChanged && !isOurs) current.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setValue: (value) => {
      const old = view.state.doc.toString();
      if (old === value) return;
      isOurs = true;
      view.dispatch({ changes: { from: 0, to: old.length, insert: value } });
      isOurs = false;
    },
    setFindings: (findings) => view.dispatch(setDiagnostics(view.state, diagnostics(view.state, findings))),
    configure: (next) => {
      const before = current;
      current = next;
      const same = (Object.keys(next) as (keyof EditorOptions)[]).every(
        (key) => SETTLED.has(key) || before[key] === next[key],
      );
      if (!same) view.dispatch({ effects: changing.reconfigure(settings(next)) });
    },
    reveal: (line, column) => {
      const anchor = at(view.state, line, column);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
