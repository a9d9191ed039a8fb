import { Alert, App, Button, Flex, Tag, Typography } from 'antd';
import { Empty } from '@/ui/Empty';
import { count } from '@/ui/format';
import { visible } from '@/ui/Identifier';
import { useTexts } from './advancedTexts';
import type { SearchResult } from './searching';
import { TickList } from './TickList';

const NAMED = 100;

/** What a search found, to be ticked, and what it did not find. */
export function SearchResults({
  found,
  ticked,
  onTicked,
  chosen,
}: {
  found: SearchResult;
  ticked: ReadonlySet<string>;
  onTicked: (ticked: ReadonlySet<string>) => void;
  chosen: ReadonlySet<string>;
}) {
  const say = useTexts();
  const total = found.rows.length;
  return (
    <>
      {found.unmatched.length > 0 && <Unmatched names={found.unmatched} />}
      {total === 0 ? (
        <Empty title={say('nothing')} />
      ) : (
        <>
          <Typography.Text role="status">
            {say('found', { count: total, shown: count(total), ticked: count(ticked.size) })}
          </Typography.Text>
          <TickList
            rows={found.rows}
            ticked={ticked}
            onTick={(rows, on) => {
              const next = new Set(ticked);
              for (const row of rows) on ? next.add(row.key) : next.delete(row.key);
              onTicked(next);
            }}
            label={say('results')}
            height={220}
            headers={[say('source'), say('state')]}
            cell={(row) => (
              <Tag style={{ margin: 0 }}>{chosen.has(row.key) ? say('selected') : say('unselected')}</Tag>
            )}
          />
        </>
      )}
    </>
  );
}

function Unmatched({ names }: { names: readonly string[] }) {
  const say = useTexts();
  const { message } = App.useApp();
  const copy = () => {
    void navigator.clipboard?.writeText(names.join('\n')).then(() => message.success('✓'));
  };
  return (
    <Alert
      type="warning"
      showIcon
      title={say('unmatched', { count: names.length, shown: count(names.length) })}
      description={
        <Flex vertical gap={4} align="flex-start">
          <div style={{ maxHeight: 90, overflow: 'auto', overflowWrap: 'anywhere', width: '100%' }}>
            {names.slice(0, NAMED).map((name) => (
              <div key={name}>
                <bdi>{visible(name)}</bdi>
              </div>
            ))}
            {names.length > NAMED && '…'}
          </div>
          <Button size="small" onClick={copy}>
            {say('copy')}
          </Button>
        </Flex>
      }
    />
  );
}
