import { ClockCircleOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, Flex, Table, Tag, Typography } from 'antd';
import { useState } from 'react';
import { api, call, type Schemas } from '@/api/client';
import { ConfirmTyped } from '@/ui/ConfirmTyped';
import { Empty } from '@/ui/Empty';
import { moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { type Right, useRightTexts } from '@/ui/rights';
import { Waiting } from '@/ui/Waiting';
import { CreateToken } from './CreateToken';
import { useTexts } from './texts';

type Token = Schemas['TokenShown'];

const SOON_MILLIS = 14 * 24 * 60 * 60 * 1000;

/** What one's programs come in by. */
export function Tokens() {
  const say = useTexts();
  const [creating, setCreating] = useState(false);
  const [leaving, setLeaving] = useState<Token | null>(null);
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: () => call(api.GET('/tokens')) });
  const create = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
      {say('token-create')}
    </Button>
  );
  return (
    <Flex vertical gap={16}>
      <Flex justify="space-between" align="center" gap={16} wrap>
        <Typography.Text type="secondary">
          {say('tokens-intro', { header: 'Authorization: Bearer …' })}
        </Typography.Text>
        {(tokens.data?.items.length ?? 0) > 0 && create}
      </Flex>
      <Problem error={tokens.error} />
      {tokens.isPending && <Waiting />}
      {tokens.data?.items.length === 0 ? (
        <Empty title={say('tokens-empty')} action={create}>
          {say('tokens-hint')}
        </Empty>
      ) : (
        tokens.data && <TokenTable tokens={tokens.data.items} onRemove={setLeaving} />
      )}
      {creating && <CreateToken onClose={() => setCreating(false)} />}
      <RemoveToken token={leaving} onClose={() => setLeaving(null)} />
    </Flex>
  );
}

function TokenTable({ tokens, onRemove }: { tokens: Token[]; onRemove: (token: Token) => void }) {
  const say = useTexts();
  const right = useRightTexts();
  return (
    <Table<Token>
      rowKey="id"
      size="middle"
      dataSource={tokens}
      scroll={{ x: 900 }}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      columns={[
        {
          title: say('token-name'),
          dataIndex: 'name',
          width: 180,
          render: (name: string) => <Typography.Text strong>{name}</Typography.Text>,
        },
        {
          title: say('scopes'),
          dataIndex: 'scopes',
          render: (scopes: string[]) => (
            <Flex wrap gap={4}>
              {scopes.map((scope) => (
                <Tag key={scope}>{right(scope as Right)}</Tag>
              ))}
            </Flex>
          ),
        },
        { title: say('made'), dataIndex: 'made-at', width: 170, render: (at: string) => moment(at) },
        {
          title: say('used'),
          dataIndex: 'used-at',
          width: 170,
          render: (at: string | null) =>
            at ? moment(at) : <Typography.Text type="secondary">{say('never')}</Typography.Text>,
        },
        {
          title: say('ends'),
          dataIndex: 'ends-at',
          width: 190,
          render: (at: string | null) => at && <Ends at={at} />,
        },
        {
          key: 'actions',
          width: 60,
          render: (_, token) => (
            <Button
              type="text"
              danger
              icon={<DeleteOutlined />}
              aria-label={say('token-remove-one', { name: token.name })}
              onClick={() => onRemove(token)}
            />
          ),
        },
      ]}
    />
  );
}

function Ends({ at }: { at: string }) {
  const say = useTexts();
  const left = Date.parse(at) - Date.now();
  return (
    <Flex vertical align="start">
      {moment(at)}
      {left <= 0 && <Tag>{say('expired')}</Tag>}
      {left > 0 && left < SOON_MILLIS && <Tag icon={<ClockCircleOutlined />}>{say('soon')}</Tag>}
    </Flex>
  );
}

function RemoveToken({ token, onClose }: { token: Token | null; onClose: () => void }) {
  const say = useTexts();
  const client = useQueryClient();
  const { message } = App.useApp();
  const name = token?.name ?? '';
  const remove = async () => {
    if (token === null) return;
    await call(api.DELETE('/tokens/{token}', { params: { path: { token: token.id } } }));
    await client.invalidateQueries({ queryKey: ['tokens'] });
    message.success(say('token-removed', { name }));
    onClose();
  };
  return (
    <ConfirmTyped
      open={token !== null}
      title={say('token-remove-title', { name })}
      consequence={say('token-remove-consequence')}
      word={name}
      action={say('token-remove')}
      onConfirm={remove}
      onCancel={onClose}
    />
  );
}
