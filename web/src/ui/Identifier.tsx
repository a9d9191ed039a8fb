import type { CSSProperties } from 'react';

/** Characters that show nothing of themselves, or turn the text around them. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u00a0\u115f\u1160\u3164]/u;
const PIECES = /([\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u00a0\u115f\u1160\u3164])/u;
const SYMBOLS: Record<string, string> = { '\n': '↵', '\t': '⇥', '\r': '␍', '\0': '␀' };

function symbol(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  return SYMBOLS[sign] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The name in one line, with a visible sign for whatever has none of its own. */
export function visible(name: string): string {
  if (!UNSEEN.test(name)) return name;
  return name
    .split(PIECES)
    .map((piece) => (UNSEEN.test(piece) ? `⟨${symbol(piece)}⟩` : piece))
    .join('');
}

/**
 * A name as a system has it: in one line, spaces kept, cut at its end where there is no room, isolated from the
 * direction of the text around, and with signs for what could not be seen. The whole stands in its title.
 */
export function Identifier({ name, style }: { name: string; style?: CSSProperties }) {
  const shown = visible(name);
  return (
    <bdi
      title={shown}
      style={{
        whiteSpace: 'pre',
        overflow: 'hidden',
        textOverflow: 'ellipsis',
        unicodeBidi: 'isolate',
        minWidth: 0,
        ...style,
      }}
    >
      {shown}
    </bdi>
  );
}
