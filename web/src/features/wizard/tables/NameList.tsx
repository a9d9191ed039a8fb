/** Names, one in a line, however many: one text, not as many elements. */
export function NameList({
  label,
  names,
  height,
}: {
  label: string;
  names: readonly string[];
  height: number;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a text that scrolls is no section
    <pre
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      aria-label={label}
      style={{ margin: 0, maxHeight: height, overflow: 'auto', fontSize: 12 }}
    >
      {names.join('\n')}
    </pre>
  );
}
