import { Alert, Flex, Segmented, Typography } from 'antd';
import { useMemo } from 'react';
import { useMayHere } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { FindingList } from '@/ui/Findings';
import { visible } from '@/ui/Identifier';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { useDraft } from '../draft';
import { ExistingTables } from './ExistingTables';
import { NameList } from './NameList';
import { Collected, NoTables, NotCollected, NothingOf } from './NotCollected';
import { PatternForm } from './PatternForm';
import { Statistics } from './Statistics';
import type { Way } from './selection';
import { TablePicker } from './TablePicker';
import { TickThese } from './TickThese';
import { useTexts } from './texts';
import { usePlace } from './usePlace';
import { type Selection, useSelection } from './useSelection';
import { schemasOf, useSourceTables } from './useSourceTables';

const WAYS: readonly Way[] = ['listed', 'matching', 'all'];
const KEYS = /^migration\.(tables|names|existing-tables|recreate|each)\b/;

/** Source tables and what they become, side by side. */
export function TablesSection({ onFaulty }: { onFaulty: (isFaulty: boolean) => void }) {
  const say = useTexts();
  const { source, findings, mayEdit } = useDraft();
  const place = usePlace();
  const tables = useSourceTables(source, place);
  const selection = useSelection(tables, place);
  const mayLook = useMayHere()('use-data-sources');
  const own = useMemo(() => findings.filter((finding) => KEYS.test(finding.at)), [findings]);
  const schemas = schemasOf(place);
  const isEmpty = tables.rows.length === 0;
  const isCollected = tables.collectedAt !== null;
  const missing = useMemo(() => {
    const seen = new Set(tables.rows.map(({ schema }) => schema));
    return isCollected && !tables.isCut ? place.schemas.filter((schema) => !seen.has(schema)) : [];
  }, [tables, isCollected, place]);
  if (!source) return <Empty title={say('chooseSource')}>{say('chooseSourceWhy')}</Empty>;
  return (
    <Flex vertical gap={12}>
      <Flex justify="space-between" align="center" gap={12} wrap data-at="migration.tables">
        <Segmented<Way>
          aria-label={say('way')}
          value={selection.way}
          disabled={!mayEdit}
          onChange={selection.choose}
          options={WAYS.map((value) => ({ value, label: say(`way_${value}`) }))}
        />
        {mayLook && <Statistics selection={selection} tables={tables} />}
      </Flex>
      {selection.way === 'matching' && <PatternForm selection={selection} />}
      {selection.way === 'all' && (
        <Flex gap={12} align="baseline" wrap>
          <Typography.Text type="secondary">{say('allHint')}</Typography.Text>
          <TickThese selection={selection} />
        </Flex>
      )}
      {own.length > 0 && <FindingList findings={own} />}
      {!mayLook ? (
        <Chosen selection={selection} />
      ) : tables.isPending ? (
        <Waiting />
      ) : (
        <>
          <Problem error={tables.error} />
          {!tables.error && !isCollected && (
            <NotCollected source={source.id} schemas={schemas} isEmpty={isEmpty} mayCollect={mayLook} />
          )}
          {missing.length > 0 && (
            <NothingOf missing={missing} source={source.id} schemas={schemas} mayCollect={mayLook} />
          )}
          {isCollected && isEmpty && missing.length === 0 && <NoTables />}
          {(!isEmpty || selection.keys.size > 0) && (
            <TablePicker
              source={source}
              tables={tables}
              selection={selection}
              place={place}
              onFaulty={onFaulty}
            />
          )}
          {tables.collectedAt !== null && (
            <Collected at={tables.collectedAt} source={source.id} schemas={schemas} mayCollect={mayLook} />
          )}
        </>
      )}
      <ExistingTables rows={selection.rows} />
    </Flex>
  );
}

/** What the migration says itself, for whoever may not look into data sources. */
function Chosen({ selection }: { selection: Selection }) {
  const say = useTexts();
  return (
    <>
      <Alert type="info" showIcon title={say('mayNotLook')} />
      {selection.way === 'listed' && selection.keys.size > 0 && (
        <NameList
          label={say('source')}
          names={[...selection.rows].map(({ schema, table }) => visible(`${schema}.${table}`))}
          height={300}
        />
      )}
    </>
  );
}
