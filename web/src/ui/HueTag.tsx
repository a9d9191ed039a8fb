import { theme } from 'antd';

/** A word with a dot of its hue: the hue helps the eye, and no text is written in it. */
export function HueTag({ hue, text, state }: { hue: string; text: string; state?: string }) {
  const { token } = theme.useToken();
  return (
    <span
      data-state={state}
      style={{
        display: 'inline-flex',
        verticalAlign: 'middle',
        alignItems: 'center',
        gap: 6,
        padding: '1px 8px',
        borderRadius: 10,
        fontSize: 12,
        lineHeight: '18px',
        maxWidth: '100%',
        whiteSpace: 'nowrap',
        color: token.colorText,
        background: `${hue}26`,
      }}
    >
      <span aria-hidden style={{ width: 8, height: 8, borderRadius: 4, flex: 'none', background: hue }} />
      <span style={{ overflow: 'hidden', textOverflow: 'ellipsis' }} title={text}>
        {text}
      </span>
    </span>
  );
}
