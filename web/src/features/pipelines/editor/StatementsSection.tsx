import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex } from 'antd';
import { CodeEditor } from '@/ui/CodeEditor';
import { FindingList } from '@/ui/Findings';
import { at, type Path } from '../script';
import { useTexts } from '../texts';
import { Field, Section, useFindingsAt, useForm } from './Field';
import { useFormTexts } from './formTexts';

/** What runs at the destination before and after the load; what stands against it is told at its place. */
export function StatementsSection() {
  const say = useFormTexts();
  const findings = useFindingsAt(['statements']).filter((one) => one.at === 'migration.statements');
  return (
    <Section title={say('statements')}>
      {findings.length > 0 && (
        <div style={{ gridColumn: '1 / -1' }}>
          <FindingList findings={findings.map((one) => ({ ...one, at: '' }))} />
        </div>
      )}
      <Statements label={say('before')} path={['statements', 'before']} />
      <Statements label={say('after')} path={['statements', 'after']} />
    </Section>
  );
}

function Statements({ label, path }: { label: string; path: Path }) {
  const say = useFormTexts();
  const sayAll = useTexts();
  const { migration, edit, mayEdit, mayEditSql } = useForm();
  const held = at(migration, path);
  const list = Array.isArray(held) ? held.map(String) : [];
  const change = (next: string[]) => edit([[path, next]]);
  return (
    <Field
      label={label}
      path={path}
      wide
      group
      hint={mayEdit && !mayEditSql ? sayAll('filtersNotYours') : say('statementsHint')}
    >
      {() => (
        <Flex vertical gap={6} align="stretch">
          {list.map((text, index) => (
            <Flex key={index} gap={6} align="start">
              <div style={{ flex: 1, minWidth: 0 }}>
                <CodeEditor
                  label={say('statement', { kind: label, number: index + 1 })}
                  language="sql"
                  height={84}
                  value={text}
                  onChange={
                    mayEditSql
                      ? (next) => change(list.map((one, at) => (at === index ? next : one)))
                      : undefined
                  }
                />
              </div>
              {mayEditSql && (
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={say('removeStatement', { number: index + 1 })}
                  onClick={() => change(list.filter((_, at) => at !== index))}
                />
              )}
            </Flex>
          ))}
          {mayEditSql && (
            <Button
              size="small"
              type="dashed"
              icon={<PlusOutlined />}
              style={{ alignSelf: 'start' }}
              onClick={() => change([...list, ''])}
            >
              {say('addStatement')}
            </Button>
          )}
        </Flex>
      )}
    </Field>
  );
}
