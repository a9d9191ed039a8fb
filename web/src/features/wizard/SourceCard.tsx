import { useQuery } from '@tanstack/react-query';
import { Select, Typography } from 'antd';
import { all, api, call } from '@/api/client';
import { useMayHere, useProject } from '@/app/project';
import { defineTexts } from '@/ui/texts';
import { FIXED_ZONES, hasDst, isFixed, NAMED_ZONES, offsetOf } from '@/ui/zones';
import { put, useDraft } from './draft';
import { EndCard } from './EndCard';
import { Field } from './Field';

const useTexts = defineTexts(
  'wizard-source',
  {
    title: 'Synchronization source',
    schemas: 'Schemas',
    schemasHelp: 'Tables can be selected across schemas. None chosen: the schema set in the data source.',
    schemasPlaceholder: 'As set in the data source',
    zone: 'Time zone',
    zoneHelp: 'Filters and business dates are understood in it.',
    fixed: 'Fixed offset, no daylight saving time',
    named: 'By place, daylight saving time included',
    fixedHint:
      '{{zone}} has no daylight saving time. If your database follows daylight saving time, choose its own time zone, such as Asia/Shanghai or Europe/Berlin: times in that period are an hour off otherwise.',
    dstHint: '{{zone}} has daylight saving time, which is taken into account.',
  },
  {
    title: '同步来源',
    schemas: 'Schema',
    schemasHelp: '可跨所选 Schema 选择表。不选择时使用数据源中配置的 Schema。',
    schemasPlaceholder: '数据源中配置的 Schema',
    zone: '时区',
    zoneHelp: '过滤条件与业务日期所用的时区。',
    fixed: '固定时差，无夏令时',
    named: '按地区',
    fixedHint:
      '{{zone}} 不支持夏令时。如果数据库的时区有夏令时，请选择其所在地区的时区，如 Asia/Shanghai 或 Europe/Berlin，否则夏令时期间的数据会相差一小时。',
    dstHint: '{{zone}} 有夏令时，读取时会予以考虑。',
  },
);

export function SourceCard() {
  const say = useTexts();
  const { reads } = useDraft();
  return (
    <EndCard end="source" title={say('title')}>
      {reads?.capabilities.read?.schemas && <Schemas />}
      <Zone />
    </EndCard>
  );
}

function Schemas() {
  const say = useTexts();
  const { draft, change, source, mayEdit } = useDraft();
  const project = useProject();
  const mayAsk = useMayHere()('use-data-sources');
  const schemas = useQuery({
    queryKey: ['schemas', project.id, source?.id],
    enabled: source !== undefined && mayAsk,
    staleTime: 60_000,
    retry: false,
    queryFn: () =>
      all(() =>
        call(
          api.GET('/projects/{project}/data-sources/{source}/schemas', {
            params: { path: { project: project.id, source: source?.id ?? '' } },
          }),
        ),
      ),
  });
  const chosen = draft.source?.schemas ?? [];
  return (
    <Field at="migration.source.schemas" label={say('schemas')} help={say('schemasHelp')} isOptional>
      {(id) => (
        <Select
          id={id}
          mode="tags"
          allowClear
          disabled={!mayEdit}
          value={chosen}
          loading={schemas.isFetching}
          placeholder={say('schemasPlaceholder')}
          options={schemas.data?.map((name) => ({ value: name, label: name }))}
          onChange={(names: string[]) =>
            change((draft) => put(draft, ['source', 'schemas'], names.length > 0 ? names : undefined))
          }
        />
      )}
    </Field>
  );
}

function Zone() {
  const say = useTexts();
  const { draft, change, mayEdit } = useDraft();
  const zone = draft.source?.['time-zone'] ?? 'GMT+8';
  const option = (name: string) => ({ value: name, label: name });
  const known = FIXED_ZONES.includes(zone) || NAMED_ZONES.includes(zone);
  return (
    <Field
      at="migration.source.time-zone"
      label={say('zone')}
      help={
        <>
          {say('zoneHelp')}{' '}
          {isFixed(zone) ? say('fixedHint', { zone }) : hasDst(zone) ? say('dstHint', { zone }) : null}
        </>
      }
    >
      {(id) => (
        <Select
          id={id}
          showSearch
          disabled={!mayEdit}
          value={zone}
          options={[
            ...(known ? [] : [option(zone)]),
            { label: say('fixed'), options: FIXED_ZONES.map(option) },
            { label: say('named'), options: NAMED_ZONES.map(option) },
          ]}
          optionRender={({ value }) => (
            <span style={{ display: 'flex', justifyContent: 'space-between', gap: 12 }}>
              <span>{value}</span>
              <Typography.Text type="secondary">{offsetOf(String(value))}</Typography.Text>
            </span>
          )}
          onChange={(next: string) =>
            change((draft) => put(draft, ['source', 'time-zone'], next === 'GMT+8' ? undefined : next))
          }
        />
      )}
    </Field>
  );
}
