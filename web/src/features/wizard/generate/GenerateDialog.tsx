import { Alert, Flex, Modal, Select, Switch, Typography } from 'antd';
import { useId } from 'react';
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
  isFaulty,
  environment,
  onEnvironment,
  makes,
  onMakes,
  onConfirm,
  onCancel,
}: {
  open: boolean;
  /** Whether names of some tables cannot be. */
  isFaulty: boolean;
  environment: Environment;
  onEnvironment: (environment: Environment) => void;
  /** Whether target tables are made at once. */
  makes: boolean;
  onMakes: (makes: boolean) => void;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  const say = useGenerateTexts();
  const id = useId();
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
      okButtonProps={{ disabled: isBlocked, id }}
      afterOpenChange={(isOpen) => isOpen && document.getElementById(id)?.focus()}
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
        {!isBlocked && <MakeTables isOn={makes} environment={environment} onChange={onMakes} />}
        {isFaulty && !isBlocked && <Alert type="warning" showIcon title={say('someFail')} />}
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

/** Target tables now, or with their first load. */
function MakeTables({
  isOn,
  environment,
  onChange,
}: {
  isOn: boolean;
  environment: Environment;
  onChange: (isOn: boolean) => void;
}) {
  const say = useGenerateTexts();
  const id = useId();
  const { draft } = useDraft();
  const hasTwo = useProject().mode === 'dev-prod';
  // A table that is there would be refused then.
  const never = draft['existing-tables'] === 'fail';
  const makes = isOn && !never;
  return (
    <Flex gap={10} align="flex-start">
      <Switch
        id={id}
        size="small"
        style={{ marginBlockStart: 4 }}
        checked={makes}
        disabled={never}
        onChange={onChange}
        aria-describedby={`${id}-help`}
      />
      <div>
        <label htmlFor={id}>{say('makeTables')}</label>
        <Typography.Paragraph id={`${id}-help`} type="secondary" style={{ margin: 0, fontSize: 13 }}>
          {never
            ? say('makeNever')
            : !makes
              ? say('makeLater')
              : hasTwo
                ? say('makeNowIn', { environment: say(environment).toLowerCase() })
                : say('makeNow')}
        </Typography.Paragraph>
      </div>
    </Flex>
  );
}
