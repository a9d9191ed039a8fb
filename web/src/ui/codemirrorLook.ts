import { HighlightStyle } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export interface EditorColours {
  dark: boolean;
  ground: string;
  raised: string;
  border: string;
  text: string;
  faint: string;
  primary: string;
  error: string;
  warning: string;
  info: string;
  font: string;
}

/** The frame, in the colours of the page. */
export function look(colours: EditorColours): Extension {
  const { dark, ground, raised, border, text, faint, primary, error, warning, info, font } = colours;
  const popup = { backgroundColor: raised, color: text, border: `1px solid ${border}`, borderRadius: '6px' };
  return EditorView.theme(
    {
      '&': { height: '100%', color: text, backgroundColor: ground, fontSize: '13px' },
      '&.cm-focused': { outline: 'none' },
      '.cm-scroller': { fontFamily: font, lineHeight: '1.6' },
      '.cm-content': { caretColor: text, padding: '6px 0' },
      '.cm-cursor': { borderLeftColor: text },
      '.cm-gutters': { backgroundColor: ground, color: faint, border: 'none' },
      '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: dark ? '#ffffff0d' : '#0000000a' },
      '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
        backgroundColor: dark ? '#2aa3b355' : '#0b6b7833',
      },
      '.cm-selectionMatch': { backgroundColor: dark ? '#2aa3b333' : '#0b6b781a' },
      '&.cm-focused .cm-matchingBracket': { backgroundColor: dark ? '#2aa3b366' : '#0b6b7833' },
      '.cm-tooltip': { ...popup, boxShadow: '0 4px 12px rgba(0,0,0,0.18)' },
      '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: font, maxHeight: '16em' },
      '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px' },
      '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
        backgroundColor: primary,
        color: dark ? '#00191c' : '#ffffff',
      },
      '.cm-completionDetail': { color: faint, fontStyle: 'normal', marginInlineStart: '12px' },
      'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
      '.cm-completionInfo': { ...popup, maxWidth: '320px', padding: '8px 10px' },
      '.cm-schema-hover': { maxWidth: '420px', padding: '6px 10px' },
      '.cm-schema-hover code': { color: faint, fontFamily: font, fontSize: '12px' },
      '.cm-diagnostic': { padding: '6px 10px', whiteSpace: 'pre-wrap', maxWidth: '480px' },
      '.cm-diagnostic-error': { borderLeft: `4px solid ${error}` },
      '.cm-diagnostic-warning': { borderLeft: `4px solid ${warning}` },
      '.cm-diagnostic-info': { borderLeft: `4px solid ${info}` },
      '.cm-panels': { backgroundColor: raised, color: text, borderColor: border },
      '.cm-foldPlaceholder': { backgroundColor: 'transparent', border: `1px solid ${border}`, color: faint },
    },
    { dark },
  );
}

/** Each at 4.5 to 1 or more on the ground. */
export function highlight({ dark, faint }: EditorColours): HighlightStyle {
  const [key, text, number, word, special] = dark
    ? ['#6ccad8', '#a5d6a7', '#f2b866', '#d4a5f0', '#f59fb1']
    : ['#0b6b78', '#2b6a2f', '#8a4b00', '#7a2ea6', '#a8123f'];
  return HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.labelName], color: key },
    { tag: [tags.string, tags.special(tags.string)], color: text },
    { tag: [tags.number, tags.bool, tags.null, tags.atom], color: number },
    { tag: [tags.keyword, tags.operatorKeyword], color: word },
    { tag: tags.special(tags.variableName), color: special, fontWeight: '600' },
    { tag: [tags.comment, tags.lineComment, tags.blockComment], color: faint, fontStyle: 'italic' },
    { tag: [tags.punctuation, tags.separator, tags.bracket, tags.squareBracket, tags.brace], color: faint },
  ]);
}

/** CodeMirror's own words, in Chinese. */
export const phrases: Record<string, string> = {
  Find: '查找',
  Replace: '替换',
  next: '下一个',
  previous: '上一个',
  all: '全部',
  'match case': '区分大小写',
  'by word': '全字匹配',
  regexp: '正则表达式',
  replace: '替换',
  'replace all': '全部替换',
  close: '关闭',
  'Go to line': '转到行',
  go: '转到',
  Diagnostics: '问题',
  'No diagnostics': '没有问题',
  Completions: '补全',
  'Fold line': '折叠该行',
  'Unfold line': '展开该行',
};
