import { Button, Card, Flex, Tag, Typography, theme } from 'antd';
import { type Connector, useConnectors } from '@/forms/connectors';
import { useTranslated } from '@/forms/scope';
import { Problem } from '@/ui/Problem';
import { Waiting } from '@/ui/Waiting';
import { useTexts } from './texts';

/** Chooses what kind of data source it is: those that can be what it is needed for. */
export function TypeCards({
  role,
  onChoose,
}: {
  role?: 'source' | 'destination';
  onChoose: (type: string) => void;
}) {
  const say = useTexts();
  const connectors = useConnectors();
  if (connectors.isPending) return <Waiting />;
  if (connectors.isError) return <Problem error={connectors.error} />;
  const fit = connectors.data.filter(
    ({ capabilities }) => !role || (role === 'source' ? capabilities.read : capabilities.write),
  );
  return (
    <Flex vertical gap={16}>
      <Typography.Title level={2} style={{ margin: 0, fontSize: 16 }}>
        {say('chooseType')}
      </Typography.Title>
      <div
        style={{
          display: 'grid',
          gap: 12,
          gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 280px), 1fr))',
        }}
      >
        {fit.map((connector) => (
          <TypeCard key={connector.id} connector={connector} onChoose={() => onChoose(connector.id)} />
        ))}
      </div>
    </Flex>
  );
}

function TypeCard({ connector, onChoose }: { connector: Connector; onChoose: () => void }) {
  const say = useTexts();
  const translated = useTranslated();
  const { token } = theme.useToken();
  const { title, summary, capabilities } = connector;
  return (
    // The whole card takes a click, the title within it the keyboard, which clicks as well.
    <Card size="small" hoverable onClick={onChoose}>
      <Flex vertical gap={6}>
        <Flex justify="space-between" gap={8} align="baseline">
          <Button
            type="text"
            size="small"
            style={{ marginInlineStart: -7, fontWeight: 600, color: token.colorText }}
          >
            {translated(title)}
          </Button>
          <span style={{ whiteSpace: 'nowrap' }}>
            {capabilities.read && <Tag style={{ marginInlineEnd: 4 }}>{say('reads')}</Tag>}
            {capabilities.write && <Tag style={{ marginInlineEnd: 0 }}>{say('writes')}</Tag>}
          </span>
        </Flex>
        <Typography.Text type="secondary" style={{ fontSize: 13 }}>
          {translated(summary)}
        </Typography.Text>
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {say('verified', { version: connector['verified-against'] })}
        </Typography.Text>
      </Flex>
    </Card>
  );
}
