import type { Schemas } from '@/api/client';
import { defineTexts } from '@/ui/texts';
import type { Draft } from './draft';

type Finding = Schemas['Finding'];

/** The parts of the page, in their order. */
export const SECTIONS = [
  'basic',
  'sources',
  'tables',
  'names',
  'method',
  'schedule',
  'resources',
  'plan',
] as const;
export type Section = (typeof SECTIONS)[number];
export type SectionState = 'todo' | 'done' | 'warning' | 'blocked';

export const useSectionTexts = defineTexts(
  'wizard-sections',
  {
    basic: 'Basic information',
    sources: 'Data sources',
    tables: 'Data synchronization',
    names: 'Task names',
    method: 'Synchronization method and filter',
    schedule: 'Scheduling and run time',
    resources: 'Resources',
    plan: 'Plan and generate',
    todo: 'To do',
    done: 'Complete',
    warning: 'Complete, with warnings',
    blocked: 'Has blockers',
    sections: 'Sections',
  },
  {
    basic: '基本信息',
    sources: '数据源信息',
    tables: '数据同步配置',
    names: '任务名称配置',
    method: '同步方式与数据过滤',
    schedule: '调度与运行配置',
    resources: '资源配置',
    plan: '计划与生成',
    todo: '待填写',
    done: '已完成',
    warning: '已完成，有警告',
    blocked: '有阻断项',
    sections: '配置步骤',
  },
);

const BY_KEY: Record<string, Section> = {
  name: 'basic',
  source: 'sources',
  destination: 'sources',
  tables: 'tables',
  names: 'tables',
  each: 'tables',
  'existing-tables': 'tables',
  recreate: 'tables',
  'task-names': 'names',
  method: 'method',
  filter: 'method',
  parameters: 'method',
  schedule: 'schedule',
  run: 'schedule',
  consistency: 'schedule',
  verify: 'schedule',
  'rejected-rows': 'schedule',
  drift: 'schedule',
  'empty-overwrite': 'schedule',
  'shrunken-load': 'schedule',
  'on-lost-snapshot': 'schedule',
  statements: 'schedule',
};

/** The path of the field that a finding is about: a key that is missing is named in the message alone. */
export function pathOf(finding: Finding): string {
  if (finding.code !== 'MISSING_KEY') return finding.at;
  const key = finding.message.match(/^"([^"]+)"/)?.[1];
  if (key === undefined || finding.at.endsWith(`.${key}`)) return finding.at;
  return `${finding.at}.${key}`;
}

/** The section in which a finding is dealt with. */
export function sectionOf(finding: Finding): Section {
  const path = pathOf(finding);
  if (path.startsWith('data-sources')) return 'sources';
  if (path.startsWith('migration.schedule.resource-group')) return 'resources';
  const key = path.match(/^migration\.([a-z-]+)/)?.[1];
  if (key !== undefined) return BY_KEY[key] ?? 'plan';
  // A table or a column of the source.
  return path === '' || path === 'migration' ? 'plan' : 'tables';
}

/** Whether nothing is chosen yet that the section cannot do without. */
export function isTodo(section: Section, draft: Draft): boolean {
  switch (section) {
    case 'sources':
      return !draft.source?.['data-source'] || !draft.destination?.['data-source'];
    case 'tables':
      return !hasTables(draft);
    default:
      return false;
  }
}

function hasTables({ tables }: Draft): boolean {
  if (tables == null) return false;
  if (tables.all === true) return true;
  if (tables.listed != null) return tables.listed.length > 0;
  return (tables.matching?.include.length ?? 0) > 0;
}

/** Findings that only say what everybody sees: that something has not been chosen yet. */
function isUnchosen(finding: Finding, draft: Draft): boolean {
  return (
    finding.code === 'MISSING_KEY' &&
    ((sectionOf(finding) === 'sources' && isTodo('sources', draft)) ||
      (sectionOf(finding) === 'tables' && isTodo('tables', draft)))
  );
}

/** Findings as the page counts and shows them. */
export function told(findings: readonly Finding[], draft: Draft): Finding[] {
  return findings.filter((finding) => !isUnchosen(finding, draft));
}

export function stateOf(section: Section, draft: Draft, findings: readonly Finding[]): SectionState {
  const own = findings.filter((finding) => sectionOf(finding) === section);
  if (own.some(({ severity }) => severity === 'blocker')) return 'blocked';
  if (isTodo(section, draft)) return 'todo';
  return own.some(({ severity }) => severity === 'warning') ? 'warning' : 'done';
}

/** Brings a section, or the field of a finding in it, before the eyes, and the keyboard to it. */
export function reveal(finding: Finding): void {
  if (!revealField(pathOf(finding))) go(sectionOf(finding));
}

/** The same for a field, or what it is a part of; false where there is none. */
export function revealField(at: string): boolean {
  let path = at;
  while (path.includes('.') || path.includes('[')) {
    const field = fieldAt(path);
    if (field !== null) {
      open(field);
      field.scrollIntoView({ block: 'center' });
      const control = field.querySelector<HTMLElement>('input, textarea, button, [tabindex="0"]');
      control?.focus({ preventScroll: true });
      return true;
    }
    path = path.replace(/(\.[^.[\]]*|\[[^\]]*\])$/, '');
  }
  return false;
}

function fieldAt(path: string): HTMLElement | null {
  const field = document.querySelector<HTMLElement>(`[data-at="${CSS.escape(path)}"]`);
  if (field !== null) return field;
  // Options of a connector are known by their path in the form.
  const [, prefix, rest] = path.match(/^(migration\.(?:source|destination))\.(.+)$/) ?? [];
  if (prefix === undefined || rest === undefined) return null;
  const form = document.querySelector(`[data-options="${prefix}"]`);
  return form?.querySelector<HTMLElement>(`[data-path="${CSS.escape(rest)}"]`) ?? null;
}

/** Unfolds what the field is folded away in. */
function open(field: HTMLElement): void {
  const header = field.closest('.ant-collapse-item')?.querySelector<HTMLElement>('.ant-collapse-header');
  const button = header?.matches('[aria-expanded="false"]')
    ? header
    : header?.querySelector<HTMLElement>('[aria-expanded="false"]');
  button?.click();
}

export function go(section: Section): void {
  const place = document.getElementById(section);
  place?.scrollIntoView({ block: 'start' });
  place?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
}
