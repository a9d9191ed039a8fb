import { Flex, Spin, Typography, theme } from 'antd';
import { type Ref, useEffect, useId, useImperativeHandle, useMemo, useRef, useState } from 'react';
import type { Schemas } from '@/api/client';
import type { JsonSchema } from '@/forms/schema';
import type { Editor, EditorLanguage, EditorOptions } from './codemirror';
import { defineTexts, useLanguage } from './texts';
import { useShade } from './theme';

const useTexts = defineTexts(
  'code-editor',
  { leave: 'Esc, then Tab leaves the editor', failed: 'The editor could not be loaded' },
  { leave: '先按 Esc 再按 Tab 离开编辑器', failed: '编辑器加载失败' },
);

export interface CodeEditorHandle {
  /** Puts the cursor to a place, both from 1, and shows it. */
  reveal: (line: number, column: number) => void;
  focus: () => void;
}

const NONE: readonly Schemas['Finding'][] = [];

/**
 * An editor for YAML, JSON and SQL; its code comes when it is first shown. With a schema it completes keys and
 * values, and tells what a key means. Findings are marked where they stand in the text (`position`).
 */
export function CodeEditor({
  value,
  onChange,
  language,
  label,
  schema,
  findings = NONE,
  readOnly = false,
  height = 360,
  ref,
}: {
  value: string;
  onChange?: (value: string) => void;
  language: EditorLanguage;
  /** Its accessible name. */
  label: string;
  schema?: JsonSchema;
  findings?: readonly Schemas['Finding'][];
  readOnly?: boolean;
  height?: number | string;
  ref?: Ref<CodeEditorHandle>;
}) {
  const say = useTexts();
  const hint = useId();
  const parent = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Editor | null>(null);
  const [isBroken, setIsBroken] = useState(false);
  const [isFocused, setIsFocused] = useState(false);
  const { token } = theme.useToken();
  const { isDark } = useShade();
  const chinese = useLanguage() === 'zh';
  const colours = useMemo(
    () => ({
      dark: isDark,
      ground: token.colorBgContainer,
      raised: token.colorBgElevated,
      border: token.colorBorderSecondary,
      text: token.colorText,
      faint: token.colorTextTertiary,
      primary: token.colorPrimary,
      error: token.colorError,
      warning: token.colorWarning,
      info: token.colorInfo,
      font: token.fontFamilyCode,
    }),
    [isDark, token],
  );
  const options: EditorOptions = {
    value,
    language,
    schema,
    readOnly: readOnly || onChange === undefined,
    label,
    describedBy: hint,
    chinese,
    colours,
    onChange: onChange ?? (() => {}),
    onFocus: setIsFocused,
  };
  // The editor is made once, from what is wanted when its code has come.
  const latest = useRef(options);
  latest.current = options;

  useEffect(() => {
    let made: Editor | null = null;
    let isGone = false;
    import('./codemirror')
      .then(({ mount }) => {
        if (isGone || parent.current === null) return;
        made = mount(parent.current, latest.current);
        setEditor(made);
      })
      .catch(() => setIsBroken(true));
    return () => {
      isGone = true;
      made?.destroy();
      setEditor(null);
    };
  }, []);
  useEffect(() => editor?.setValue(value), [editor, value]);
  useEffect(() => editor?.setFindings(findings), [editor, findings]);
  useEffect(() => editor?.configure(latest.current));
  useImperativeHandle(
    ref,
    () => ({
      reveal: (line, column) => editor?.reveal(line, column),
      focus: () => editor?.focus(),
    }),
    [editor],
  );

  return (
    <div style={{ position: 'relative' }}>
      <div
        ref={parent}
        style={{
          height,
          overflow: 'hidden',
          border: `1px solid ${isFocused ? token.colorPrimary : token.colorBorder}`,
          borderRadius: token.borderRadius,
          background: token.colorBgContainer,
        }}
      >
        {editor === null && (
          <Flex justify="center" align="center" style={{ height: '100%' }} aria-busy={!isBroken}>
            {isBroken ? <Typography.Text type="danger">{say('failed')}</Typography.Text> : <Spin />}
          </Flex>
        )}
      </div>
      <Typography.Text
        id={hint}
        type="secondary"
        style={{
          position: 'absolute',
          insetInlineEnd: 10,
          insetBlockEnd: 4,
          fontSize: 11,
          pointerEvents: 'none',
          opacity: isFocused && !options.readOnly ? 1 : 0,
        }}
      >
        {say('leave')}
      </Typography.Text>
    </div>
  );
}
