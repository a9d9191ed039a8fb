import { CheckCircleFilled } from '@ant-design/icons';
import { Button, Flex, Typography, theme } from 'antd';
import type { RefObject } from 'react';
import { CodeEditor, type CodeEditorHandle } from '@/ui/CodeEditor';
import { FindingList } from '@/ui/Findings';
import { useMigrationSchema } from '@/ui/migrationSchema';
import type { Finding } from '../queries';
import { useTexts } from '../texts';
import type { Draft } from './useDraft';

/** The pipeline as code, checked as it is typed. */
export function ScriptTab({
  draft,
  mayEdit,
  editor,
  onShow,
}: {
  draft: Draft;
  mayEdit: boolean;
  editor: RefObject<CodeEditorHandle | null>;
  onShow: (finding: Finding) => void;
}) {
  const say = useTexts();
  const { token } = theme.useToken();
  const schema = useMigrationSchema('script');
  return (
    <Flex vertical gap={8}>
      <CodeEditor
        ref={editor}
        label={say('script')}
        language="yaml"
        schema={schema}
        value={draft.script.text}
        onChange={mayEdit ? draft.setText : undefined}
        findings={draft.findings}
        height="max(320px, calc(100vh - 400px))"
      />
      <Flex gap={12} align="center">
        <Button loading={draft.isChecking} onClick={() => void draft.check()}>
          {say('check')}
        </Button>
        {!draft.isChecking && draft.findings?.length === 0 && (
          <span role="status">
            <CheckCircleFilled style={{ color: token.colorSuccess }} /> {say('valid')}
          </span>
        )}
        <Typography.Text type="secondary">{say(mayEdit ? 'comments' : 'readOnly')}</Typography.Text>
      </Flex>
      {draft.findings !== undefined && draft.findings.length > 0 && (
        <FindingList findings={draft.findings} onShow={onShow} />
      )}
    </Flex>
  );
}
