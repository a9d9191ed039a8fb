import { FileTextOutlined } from '@ant-design/icons';
import { Alert, Button, Flex } from 'antd';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { useDataSources } from '@/features/data-sources/data';
import { useConnector } from '@/forms/connectors';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { BasicSection } from './BasicSection';
import { Conflict } from './Conflict';
import { useChecked } from './checking';
import { DestinationCard } from './DestinationCard';
import { DraftProvider } from './draft';
import { GenerateDialog } from './generate/GenerateDialog';
import { Results } from './generate/Results';
import { useGenerateTexts } from './generate/texts';
import { MethodSection } from './MethodSection';
import { kindOf, partsOf } from './method';
import { TaskNamesSection } from './names/TaskNamesSection';
import { type PlanChoice, PlanSection } from './plan/PlanSection';
import { usePlanTexts } from './plan/texts';
import { useLongWork } from './plan/usePlanning';
import { ResourcesSection } from './ResourcesSection';
import { ScheduleSection } from './ScheduleSection';
import { SectionCard } from './SectionCard';
import { SourceCard } from './SourceCard';
import { Steps } from './Steps';
import { Summary } from './Summary';
import { useSaving } from './saving';
import { go, isTodo, SECTIONS, type Section, type SectionState, stateOf, told } from './sections';
import { TablesSection } from './tables/TablesSection';
import { YamlDrawer } from './YamlDrawer';

const useTexts = defineTexts(
  'wizard',
  {
    migrations: 'Offline database migration',
    file: 'As a file',
    readOnly: 'You can view this migration, but not change it.',
  },
  { migrations: '离线整库迁移', file: '以文件编辑', readOnly: '您可以查看此迁移，但不能修改。' },
);

/** The seven sections of a migration, its plan, and the generation of its pipelines. */
export function Wizard({ loaded }: { loaded: Schemas['MigrationShown'] }) {
  const say = useTexts();
  const project = useProject();
  const mayHere = useMayHere();
  const mayEdit = mayHere('edit-migrations');
  const saving = useSaving(loaded, mayEdit);
  const { name, draft, version, change } = saving;
  const checked = useChecked(loaded.id, name, draft, version);
  const sources = useDataSources();
  const named = (of: string | undefined) => sources.data?.find((one) => one.name === of);
  const readFrom = named(draft.source?.['data-source']);
  const destination = named(draft.destination?.['data-source']);
  const reads = useConnector(readFrom?.type);
  // Which schema its tables are in is told by its connector.
  const source = reads && readFrom;
  const writes = useConnector(destination?.type);
  const findings = useMemo(() => told(checked.findings, draft), [checked.findings, draft]);
  const value = useMemo(
    () => ({ id: loaded.id, name, draft, change, findings, source, destination, reads, writes, mayEdit }),
    [loaded.id, name, draft, change, findings, source, destination, reads, writes, mayEdit],
  );
  const [isFile, setIsFile] = useState(false);
  const work = useWork(saving, loaded.id);
  const [isFaulty, setFaulty] = useState(false);
  const states = useStates(draft, findings, work, isFaulty);
  const isSaved = saving.state === 'saved';
  useShortcuts(saving.save, work.plan);
  return (
    <DraftProvider value={value}>
      <Page
        title={name}
        above={[{ title: say('migrations'), to: `/p/${project.id}/migrations` }]}
        extra={
          <Button
            icon={<FileTextOutlined />}
            onClick={() =>
              void saving.save().then(
                () => setIsFile(true),
                () => setIsFile(true),
              )
            }
          >
            {say('file')}
          </Button>
        }
      >
        <Summary findings={findings} saveState={saving.state} actions={<Actions work={work} />}>
          <Conflict saving={saving} />
          <Problem error={saving.error} style={{ marginBlockStart: 8 }} />
        </Summary>
        {!mayEdit && <Alert type="info" showIcon title={say('readOnly')} />}
        <Problem error={checked.error} />
        <Flex gap={24} align="flex-start">
          <Steps states={states} />
          <Flex vertical gap={16} style={{ flex: 1, minWidth: 0 }}>
            <SectionCard of="basic">
              <BasicSection rename={saving.rename} />
            </SectionCard>
            <SectionCard of="sources">
              <Flex gap={32} wrap>
                <SourceCard />
                <DestinationCard />
              </Flex>
            </SectionCard>
            <SectionCard of="tables">
              <TablesSection onFaulty={setFaulty} />
            </SectionCard>
            <SectionCard of="names">
              <TaskNamesSection />
            </SectionCard>
            <SectionCard of="method">
              <MethodSection />
            </SectionCard>
            <SectionCard of="schedule">
              <ScheduleSection />
            </SectionCard>
            <SectionCard of="resources">
              <ResourcesSection />
            </SectionCard>
            <SectionCard of="plan">
              <Flex vertical gap={24}>
                <PlanSection
                  work={work.planning}
                  choice={work.choice}
                  onChoose={work.choose}
                  onPlan={work.plan}
                  changedAt={isSaved ? saving.changedAt : null}
                />
                <Results work={work.generating} onRetry={() => work.generate(true)} />
              </Flex>
            </SectionCard>
          </Flex>
        </Flex>
        <GenerateDialog
          open={work.isAsking}
          isFaulty={isFaulty}
          environment={work.choice.environment}
          makes={work.makes}
          onMakes={work.setMakes}
          onEnvironment={(environment) => work.choose({ ...work.choice, environment })}
          onConfirm={() => work.generate(false)}
          onCancel={() => work.ask(false)}
        />
        <YamlDrawer open={isFile} edition={saving.edition} onClose={() => setIsFile(false)} />
      </Page>
    </DraftProvider>
  );
}

/** Planning and generating, with what is chosen for both. */
function useWork(saving: ReturnType<typeof useSaving>, id: string) {
  const project = useProject();
  const planning = useLongWork(id, 'plan');
  const generating = useLongWork(id, 'generate');
  const [isAsking, ask] = useState(false);
  const [makes, setMakes] = useState(true);
  const [choice, choose] = useState<PlanChoice>({
    environment: project.mode === 'dev-prod' ? 'development' : 'production',
    part: 'one-time',
    bizdate: undefined,
  });
  const path = { project: project.id, migration: id };
  const isOpen = isTodo('sources', saving.draft) || isTodo('tables', saving.draft);
  const parts = partsOf(kindOf(saving.draft));
  const plan = () => {
    if (isOpen || planning.isRunning) return;
    go('plan');
    const { environment, bizdate } = choice;
    const part = parts.includes(choice.part) ? choice.part : (parts[0] ?? 'one-time');
    void planning.begin(async () => {
      await saving.save();
      const body = { environment, part, bizdate: bizdate ?? null };
      return call(api.POST('/projects/{project}/migrations/{migration}/plan', { params: { path }, body }));
    });
  };
  const generate = (onlyFailed: boolean) => {
    ask(false);
    void generating.begin(async () => {
      await saving.save();
      const body = { environment: choice.environment, 'only-failed': onlyFailed, 'create-tables': makes };
      return call(
        api.POST('/projects/{project}/migrations/{migration}/generate', { params: { path }, body }),
      );
    });
  };
  return { planning, generating, plan, generate, choice, choose, isAsking, ask, makes, setMakes, isOpen };
}

type Work = ReturnType<typeof useWork>;

function Actions({ work }: { work: Work }) {
  const plan = usePlanTexts();
  const say = useGenerateTexts();
  const mayHere = useMayHere();
  const mayPlan = mayHere('use-data-sources');
  return (
    <>
      {mayPlan && (
        <Button disabled={work.isOpen} loading={work.planning.isRunning} onClick={work.plan}>
          {plan('plan')}
        </Button>
      )}
      {mayPlan && mayHere('edit-migrations') && (
        <Button
          type="primary"
          disabled={work.isOpen}
          loading={work.generating.isRunning}
          onClick={() => work.ask(true)}
        >
          {say('generate')}
        </Button>
      )}
    </>
  );
}

function useStates(
  draft: Parameters<typeof stateOf>[1],
  findings: readonly Schemas['Finding'][],
  work: Work,
  /** Whether names of selected tables cannot be: the others can be generated all the same. */
  isFaulty: boolean,
): Record<Section, SectionState> {
  return useMemo(() => {
    const states = SECTIONS.map((section) => [section, stateOf(section, draft, findings)] as const);
    const all = Object.fromEntries(states) as Record<Section, SectionState>;
    if (isFaulty && all.tables === 'done') all.tables = 'warning';
    if (all.plan !== 'blocked') {
      const { operation } = work.generating;
      const isDone = operation?.state === 'succeeded';
      all.plan = isDone ? 'done' : operation?.state === 'failed' ? 'warning' : 'todo';
    }
    return all;
  }, [draft, findings, work.generating, isFaulty]);
}

/** Ctrl or Cmd with S saves at once, with Enter plans. */
function useShortcuts(save: () => Promise<void>, plan: () => void): void {
  const heed = useCallback(
    (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      if (event.key === 's') {
        event.preventDefault();
        void save().catch(() => {});
      } else if (event.key === 'Enter') {
        event.preventDefault();
        plan();
      }
    },
    [save, plan],
  );
  useEffect(() => {
    window.addEventListener('keydown', heed);
    return () => window.removeEventListener('keydown', heed);
  }, [heed]);
}
