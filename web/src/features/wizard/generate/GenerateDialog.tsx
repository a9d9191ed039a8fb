import { Alert, Flex, Modal, Select } from 'antd';
import { type Environment, useProject } from '@/app/project';
import { count } from '@/ui/format';
import { useDraft } from '../draft';
import { kindOf, partsOf } from '../method';
import { PlanFindings, revealAfter } from '../plan/Findings';
import { told } from '../sections';
import { useTableCount } from '../tableCount';
import { useGenerateTexts } from './texts';

/** Says what generating will do, and asks. */
export function GenerateDialog({
  open,
  environment,
  onEnvironment,
  onConfirm,
  onCancel,
}: {
  open: boolean;
  environment: Environment;
  onEnvironment: (environment: Environment) => void;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  const say = useGenerateTexts();
  const project = useProject();
  const { draft, name, findings } = useDraft();
  const tables = useTableCount();
  const blockers = told(findings, draft).filter(({ severity }) => severity === 'blocker');
  const recreate = draft['existing-tables'] === 'recreate' ? (draft.recreate ?? []).length : 0;
  const parts = partsOf(kindOf(draft)).length;
  const isBlocked = blockers.length > 0;
  return (
    <Modal
      open={open}
      title={say('title')}
      okText={say('confirm')}
      cancelText={say('cancel')}
      okButtonProps={{ disabled: isBlocked, autoFocus: true }}
      onOk={onConfirm}
      onCancel={onCancel}
      destroyOnHidden
    >
      <Flex vertical gap={12}>
        {isBlocked ? (
          <Alert
            type="error"
            title={say('blocked')}
            description={<PlanFindings findings={blockers} onShow={revealAfter(onCancel)} />}
          />
        ) : (
          <ul style={{ margin: 0, paddingInlineStart: 18, display: 'grid', gap: 6 }}>
            {tables.count !== undefined && (
              <li>
                {say(tables.isExact ? 'willCount' : 'willAbout', {
                  tables: count(tables.count),
                  pipelines: count(tables.count * parts),
                })}
              </li>
            )}
            <li>{say('willFolder', { name })}</li>
            <li>{say('willKeep')}</li>
            <li>{say('willNot')}</li>
          </ul>
        )}
        {recreate > 0 && <Alert type="warning" showIcon title={say('willRecreate', { count: recreate })} />}
        {project.mode === 'dev-prod' && (
          <Flex gap={8} align="center" wrap>
            <label htmlFor="generate-environment">{say('environment')}</label>
            <Select<Environment>
              id="generate-environment"
              style={{ width: 160 }}
              value={environment}
              options={(['development', 'production'] as const).map((one) => ({
                value: one,
                label: say(one),
              }))}
              onChange={onEnvironment}
            />
          </Flex>
        )}
      </Flex>
    </Modal>
  );
}
