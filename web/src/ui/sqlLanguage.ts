import { StreamLanguage, type StringStream } from '@codemirror/language';

const WORDS = new Set(
  (
    'all alter and any as asc between by case cast create cross date delete desc distinct drop else end except ' +
    'exists false from full group having ilike in inner insert intersect interval into is join left like limit ' +
    'not null offset on or order outer over partition primary right select set similar table then time timestamp ' +
    'true truncate union unique update using values view when where with'
  ).split(' '),
);

interface State {
  comment: boolean;
}

function next(stream: StringStream, state: State): string | null {
  if (state.comment) {
    if (stream.skipTo('*/')) {
      stream.match('*/');
      state.comment = false;
    } else stream.skipToEnd();
    return 'comment';
  }
  if (stream.eatSpace()) return null;
  if (stream.match('--') || stream.match('#')) {
    stream.skipToEnd();
    return 'comment';
  }
  if (stream.match('/*')) {
    state.comment = true;
    return 'comment';
  }
  // What the service puts in: ${bizdate} and the like.
  if (stream.match(/^\$\{[^}]*\}/)) return 'variableName.special';
  if (stream.match(/^'(?:[^'$]|'')*/)) {
    stream.match("'");
    return 'string';
  }
  if (stream.match(/^("[^"]*"?|`[^`]*`?|\[\w[^\]]*\])/)) return 'propertyName';
  if (stream.match(/^\d+(\.\d+)?/)) return 'number';
  const word = stream.match(/^[\p{L}_][\p{L}\p{N}_$]*/u);
  if (word && typeof word === 'object') return WORDS.has(word[0].toLowerCase()) ? 'keyword' : 'variableName';
  stream.next();
  return 'operator';
}

/** SQL as sources of many kinds speak it: enough to tell words, texts, numbers and parameters apart. */
export const sql = StreamLanguage.define<State>({
  name: 'sql',
  startState: () => ({ comment: false }),
  token: next,
  languageData: { commentTokens: { line: '--' } },
});
