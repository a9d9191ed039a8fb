import { Descriptions, Flex, Table, Typography } from 'antd';
import type { Schemas } from '@/api/client';
import { moment } from '@/ui/format';
import { type Change, changesOf, factsOf, withNames, written } from './changes';
import { useAuditTexts } from './texts';

/** All that a line of the audit log says: what changed from what to what, and how the line is known. */
export function AuditDetail({ line, names }: { line: Schemas['AuditShown']; names: Record<string, string> }) {
  const say = useAuditTexts();
  const changes = changesOf(line.detail);
  const facts = factsOf(line.detail);
  const value = (text: string | null) =>
    text === null ? (
      <Typography.Text type="secondary" italic>
        {say('nothing')}
      </Typography.Text>
    ) : (
      <span style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{withNames(text, names)}</span>
    );
  const code = (text: string) => (
    <Typography.Text code copyable style={{ overflowWrap: 'anywhere' }}>
      {text}
    </Typography.Text>
  );
  return (
    <Flex vertical gap={12} style={{ paddingBlock: 4 }}>
      {changes.length > 0 && (
        <Table<Change>
          size="small"
          bordered
          pagination={false}
          rowKey="field"
          scroll={changes.length > 20 ? { y: 400 } : undefined}
          dataSource={changes}
          columns={[
            {
              title: say('field'),
              dataIndex: 'field',
              width: '24%',
              render: (field: string) => withNames(field, names),
            },
            { title: say('before'), dataIndex: 'before', width: '38%', render: value },
            { title: say('after'), dataIndex: 'after', width: '38%', render: value },
          ]}
        />
      )}
      <Descriptions
        size="small"
        column={1}
        items={[
          ...facts.map(([key, fact]) => ({ key, label: key, children: value(factText(key, fact)) })),
          { key: ':subject', label: say('subject'), children: line.subject ? code(line.subject) : '–' },
          ...(line.request ? [{ key: ':request', label: say('request'), children: code(line.request) }] : []),
          { key: ':digest', label: say('digest'), children: code(line.digest) },
        ]}
      />
    </Flex>
  );
}

/** Moments are kept as milliseconds. */
function factText(key: string, fact: unknown): string | null {
  if (key.endsWith('-at') && typeof fact === 'number') return moment(new Date(fact).toISOString());
  return written(fact);
}
