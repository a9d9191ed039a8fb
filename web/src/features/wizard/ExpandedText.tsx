import { Flex, Input, Tag, Typography, theme } from 'antd';
import type { TextAreaRef } from 'antd/es/input/TextArea';
import { useRef } from 'react';
import { defineTexts } from '@/ui/texts';
import { type Draft, put, useDraft } from './draft';
import { useExpansions } from './expansion';
import { Field, useFindingsAt } from './Field';
import { useTyped } from './useTyped';

const useTexts = defineTexts(
  'wizard-expanded',
  { becomes: 'Becomes', insert: 'Insert {{parameter}}' },
  { becomes: '替换后', insert: '插入 {{parameter}}' },
);

const USUAL = ['${bizdate}', '${yyyy-MM-dd}', '${yyyyMMdd-1}', '$[yyyyMMdd]'];

/** A text with parameters: they are inserted by a click, and what they become is shown below. */
export function ExpandedText({
  path,
  label,
  help,
  value,
  placeholder,
  isOptional = false,
  isLong = false,
  keepsParent = false,
}: {
  path: readonly string[];
  label: string;
  help: string;
  value: string;
  placeholder: string;
  isOptional?: boolean;
  isLong?: boolean;
  /** An empty map at the path's parent says something, and stays. */
  keepsParent?: boolean;
}) {
  const say = useTexts();
  const { draft, change, mayEdit } = useDraft();
  const { token } = theme.useToken();
  const area = useRef<TextAreaRef>(null);
  const at = `migration.${path.join('.')}`;
  const expanded = useExpansions().at(at);
  const said = useFindingsAt(at);
  const typed = useTyped(value, (text) =>
    change((draft) => {
      const next = put(draft, path, text === '' ? undefined : text);
      return keepsParent && text === '' ? kept(next, path) : next;
    }),
  );
  const insert = (parameter: string) => {
    const input = area.current?.resizableTextArea?.textArea;
    const from = input?.selectionStart ?? typed.value.length;
    const to = input?.selectionEnd ?? from;
    typed.take(typed.value.slice(0, from) + parameter + typed.value.slice(to));
    input?.focus();
    requestAnimationFrame(() => input?.setSelectionRange(from + parameter.length, from + parameter.length));
  };
  const own = Object.keys(draft.parameters ?? {}).map((name) => `\${${name}}`);
  // What the check has found already is told with the field.
  const news = expanded?.findings.filter(({ message }) => !said.some((one) => one.message === message));
  const isReplaced = expanded?.value != null && expanded.value !== expanded.text;
  return (
    <Field at={at} label={label} help={help} isOptional={isOptional} width={isLong ? '100%' : 560}>
      {(id, describedBy) => (
        <>
          <Input.TextArea
            ref={area}
            id={id}
            aria-describedby={describedBy}
            value={typed.value}
            placeholder={placeholder}
            disabled={!mayEdit}
            autoSize={{ minRows: 1, maxRows: isLong ? 8 : 2 }}
            spellCheck={false}
            style={{ fontFamily: token.fontFamilyCode }}
            onChange={(event) => typed.take(event.target.value)}
          />
          {mayEdit && (
            <Flex gap={4} wrap>
              {[...USUAL, ...own.slice(0, 20)].map((parameter) => (
                <Tag
                  key={parameter}
                  variant="outlined"
                  style={{ cursor: 'pointer', fontFamily: token.fontFamilyCode, marginInlineEnd: 0 }}
                >
                  <button
                    type="button"
                    onClick={() => insert(parameter)}
                    aria-label={say('insert', { parameter })}
                    style={{
                      background: 'none',
                      border: 0,
                      padding: 0,
                      font: 'inherit',
                      color: 'inherit',
                      cursor: 'pointer',
                    }}
                  >
                    {parameter}
                  </button>
                </Tag>
              ))}
            </Flex>
          )}
          {isReplaced && (
            <div>
              <Typography.Text type="secondary">{say('becomes')} </Typography.Text>
              <Typography.Text code style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
                {expanded.value}
              </Typography.Text>
            </div>
          )}
          {news?.map((finding, index) => (
            <Typography.Text key={index} type="danger" role="alert">
              {finding.message}
              {finding.hint && <Typography.Text type="secondary"> · {finding.hint}</Typography.Text>}
            </Typography.Text>
          ))}
        </>
      )}
    </Field>
  );
}

function kept(draft: Draft, path: readonly string[]): Draft {
  const parent = path.slice(0, -1);
  let there: unknown = draft;
  for (const key of parent) there = (there as Record<string, unknown> | undefined)?.[key];
  return there === undefined ? put(draft, parent, {}) : draft;
}
