import { Typography } from 'antd';
import { count } from '@/ui/format';
import { ToneText } from '@/ui/ToneText';
import { useTexts } from './texts';
import type { Selection } from './useSelection';
import type { SourceTables } from './useSourceTables';

/** Requirement R4.06: how many pipelines there will be, after each tick. */
export function Statistics({ selection, tables }: { selection: Selection; tables: SourceTables }) {
  const say = useTexts();
  const missing = selection.rows.filter((row) => row.missing).length;
  const size = selection.keys.size - missing;
  const isLeast = tables.isCut && selection.way !== 'listed';
  return (
    <span role="status" data-pipelines={size}>
      {isLeast && `${say('atLeast')} `}
      <Typography.Text strong>{say('pipelines', { count: size, shown: count(size) })}</Typography.Text>{' '}
      <Typography.Text type="secondary">
        {say('ofTables', { shown: count(tables.rows.length) })}
      </Typography.Text>
      {missing > 0 && (
        <ToneText tone="wrong">
          {' · '}
          {say('missingCount', { count: missing, shown: count(missing) })}
        </ToneText>
      )}
    </span>
  );
}
