/**
 * Globs over `schema.table`, case-sensitive: `*`, `?`, `[a-z]`, `[!a-z]`, `{one,other}`, and a backslash that
 * takes away a sign's meaning. Shows at once what a pattern takes; the service has the last word.
 */
export function globToRegExp(glob: string): RegExp | null {
  let text = '';
  let depth = 0;
  for (let index = 0; index < glob.length; index += 1) {
    const sign = glob.charAt(index);
    if (sign === '\\') {
      index += 1;
      if (index >= glob.length) return null;
      text += escaped(glob.charAt(index));
    } else if (sign === '*') text += '.*';
    else if (sign === '?') text += '.';
    else if (sign === '[') {
      const group = bracket(glob, index);
      if (group === null) return null;
      text += group.text;
      index = group.end;
    } else if (sign === '{') {
      depth += 1;
      text += '(?:';
    } else if (sign === '}') {
      depth -= 1;
      if (depth < 0) return null;
      text += ')';
    } else if (sign === ',' && depth > 0) text += '|';
    else text += escaped(sign);
  }
  if (depth !== 0) return null;
  try {
    return new RegExp(`^(?:${text.replace(/(\.\*)+/g, '.*')})$`, 'su');
  } catch {
    return null;
  }
}

function escaped(sign: string): string {
  return sign.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function bracket(glob: string, start: number): { text: string; end: number } | null {
  let index = start + 1;
  const negated = glob.charAt(index) === '!' || glob.charAt(index) === '^';
  if (negated) index += 1;
  // A closing bracket that comes first is one of the signs.
  const end = glob.indexOf(']', index + 1);
  if (end < 0) return null;
  const signs = glob.slice(index, end).replace(/[\\\]^[]/g, '\\$&');
  return { text: `[${negated ? '^' : ''}${signs}]`, end };
}

/** Tells whether globs take a text: at least one of `include`, none of `exclude`. */
export function matcher(include: readonly string[], exclude: readonly string[]): (text: string) => boolean {
  const some = (globs: readonly string[]) => globs.map(globToRegExp).filter((one) => one !== null);
  const [taken, left] = [some(include), some(exclude)];
  return (text) => taken.some((one) => one.test(text)) && !left.some((one) => one.test(text));
}
