import { Alert, Button, Divider, Flex, Input } from 'antd';
import { useMayHere } from '@/app/project';
import { useTexts } from '../texts';
import { ColumnsSection } from './ColumnsSection';
import { EndsSection } from './EndsSection';
import { Field, type FormContext, FormProvider, Section } from './Field';
import { useFormTexts } from './formTexts';
import { RowsSection } from './RowsSection';
import { RunSection } from './RunSection';
import { StatementsSection } from './StatementsSection';
import type { Draft } from './useDraft';

/** The pipeline as a form; it changes the same text that the script shows. */
export function PipelineForm({
  draft,
  mayEdit,
  onScript,
}: {
  draft: Draft;
  mayEdit: boolean;
  onScript: () => void;
}) {
  const say = useTexts();
  const sayForm = useFormTexts();
  const may = useMayHere();
  const { script, pipeline } = draft;
  if (script.broken !== null) {
    return (
      <Alert
        type="warning"
        showIcon
        title={say('scriptBroken')}
        description={script.broken}
        action={<Button onClick={onScript}>{say('toScript')}</Button>}
      />
    );
  }
  const form: FormContext = {
    migration: script.migration,
    edit: draft.edit,
    mayEdit,
    mayEditSql: mayEdit && may('edit-statements'),
    part: pipeline.part === 'daily' ? 'daily' : 'one-time',
    findings: draft.findings ?? [],
  };
  return (
    <FormProvider value={form}>
      <Flex vertical>
        {!mayEdit && <Alert type="info" showIcon title={say('readOnly')} style={{ marginBottom: 12 }} />}
        <EndsSection pipeline={pipeline} />
        <Divider size="middle" />
        <ColumnsSection />
        <Divider size="middle" />
        <RowsSection />
        <Divider size="middle" />
        <RunSection />
        <Divider size="middle" />
        <StatementsSection />
        <Divider size="middle" />
        <Section title={sayForm('description')}>
          <Field label={sayForm('description')} wide>
            {(id) => (
              <Input.TextArea
                id={id}
                autoSize={{ minRows: 2, maxRows: 6 }}
                readOnly={!mayEdit}
                value={draft.description}
                onChange={(event) => draft.setDescription(event.target.value)}
              />
            )}
          </Field>
        </Section>
      </Flex>
    </FormProvider>
  );
}
