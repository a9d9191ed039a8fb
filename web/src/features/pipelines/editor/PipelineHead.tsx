import { EditOutlined, MoreOutlined, TableOutlined } from '@ant-design/icons';
import { Button, Dropdown, Flex, type MenuProps, Tooltip, Typography } from 'antd';
import { useState } from 'react';
import { useMayHere, useProject } from '@/app/project';
import { DeletePipelines } from '../dialogs/DeleteDialogs';
import { MoveDialog } from '../dialogs/MoveDialog';
import { NameDialog } from '../dialogs/NameDialog';
import { Mark } from '../Mark';
import { changePipeline, type Pipeline, useTouched, useVersions } from '../queries';
import { at, documentsAgree } from '../script';
import { useTexts } from '../texts';
import type { Draft } from './useDraft';

type Asked = 'rename' | 'move' | 'remove' | null;

/** The pipeline's name, where it stands on its way to production, and what can be done with it. */
export function PipelineHead({
  draft,
  isSaving,
  onSave,
  onSubmit,
  onGone,
}: {
  draft: Draft;
  isSaving: boolean;
  onSave: () => void;
  onSubmit: (() => void) | undefined;
  onGone: () => void;
}) {
  const say = useTexts();
  const project = useProject();
  const touched = useTouched();
  const mayEdit = useMayHere()('edit-migrations');
  const [asked, setAsked] = useState<Asked>(null);
  const { pipeline, isDirty } = draft;
  const rename = async (name: string) => {
    await changePipeline(project, pipeline, { name });
    await touched();
    setAsked(null);
  };
  const more: MenuProps['items'] = [
    { key: 'rename', label: say('rename'), disabled: isDirty },
    { key: 'move', label: say('move'), disabled: isDirty },
    { type: 'divider' },
    { key: 'remove', label: say('remove'), danger: true },
  ];
  return (
    <Flex justify="space-between" align="start" gap={12} wrap>
      <Flex vertical gap={6} style={{ minWidth: 0 }}>
        <Typography.Title level={2} style={{ margin: 0, fontSize: 18, overflowWrap: 'anywhere' }}>
          {pipeline.name}
        </Typography.Title>
        <Marks pipeline={pipeline} isDirty={isDirty} />
      </Flex>
      <Flex gap={8}>
        {isDirty && <Button onClick={draft.reset}>{say('reset')}</Button>}
        {mayEdit && (
          <Button
            type={isDirty ? 'primary' : 'default'}
            disabled={!isDirty}
            loading={isSaving}
            onClick={onSave}
            title="Ctrl+S"
          >
            {say('save')}
          </Button>
        )}
        {onSubmit && (
          <Button type={isDirty ? 'default' : 'primary'} onClick={onSubmit}>
            {say(isDirty ? 'submitSave' : 'submit')}
          </Button>
        )}
        {mayEdit && (
          <Dropdown trigger={['click']} menu={{ items: more, onClick: ({ key }) => setAsked(key as Asked) }}>
            <Button icon={<MoreOutlined />} aria-label={say('moreActions')} />
          </Dropdown>
        )}
      </Flex>
      <NameDialog
        open={asked === 'rename'}
        title={say('rename')}
        action={say('save')}
        name={pipeline.name}
        onDone={rename}
        onCancel={() => setAsked(null)}
      />
      <MoveDialog
        open={asked === 'move'}
        pipelines={[pipeline.id]}
        from={pipeline.folder}
        onClose={() => setAsked(null)}
      />
      <DeletePipelines
        pipelines={asked === 'remove' ? [pipeline.id] : []}
        word={pipeline.name}
        onClose={(removed) => {
          setAsked(null);
          if (removed) onGone();
        }}
      />
    </Flex>
  );
}

function Marks({ pipeline, isDirty }: { pipeline: Pipeline; isDirty: boolean }) {
  const say = useTexts();
  const versions = useVersions(pipeline.id);
  const isEdited = pipeline['hand-edited'];
  const isGenerated = pipeline.generated != null;
  const { submitted, published } = pipeline;
  const last = versions.data?.[0];
  const isChanged =
    last !== undefined &&
    (!documentsAgree(at(last.body, ['document']), pipeline.document) ||
      at(last.body, ['name']) !== pipeline.name);
  const known = submitted ?? 0;
  return (
    <Flex gap={6} wrap align="center">
      <Tooltip title={isGenerated ? say(isEdited ? 'handEditedHint' : 'generatedHint') : undefined}>
        <span>
          <Mark icon={isEdited ? <EditOutlined /> : <TableOutlined />}>
            {say(isEdited ? (isGenerated ? 'handEdited' : 'handMade') : 'generated')}
          </Mark>
        </span>
      </Tooltip>
      <Mark>{say(pipeline.part === 'daily' ? 'daily' : 'oneTime')}</Mark>
      {submitted == null && <Mark>{say('draft')}</Mark>}
      {submitted != null && submitted !== published && (
        <Mark tone="due">{say('submittedAs', { number: submitted })}</Mark>
      )}
      {published != null && <Mark tone="good">{say('inProduction', { number: published })}</Mark>}
      {submitted != null && isChanged && (
        <Mark tone="attention">{say('changedSince', { number: known })}</Mark>
      )}
      {isDirty && <Mark tone="attention">{say('unsaved')}</Mark>}
    </Flex>
  );
}
