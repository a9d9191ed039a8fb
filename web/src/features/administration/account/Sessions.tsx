import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, Flex, Popconfirm, Table, Tag, Typography } from 'antd';
import { api, call, type Schemas } from '@/api/client';
import { moment } from '@/ui/format';
import { Problem } from '@/ui/Problem';
import { useTexts } from './texts';

type Session = Schemas['SessionShown'];

/** Where one is logged in. */
export function Sessions() {
  const say = useTexts();
  const client = useQueryClient();
  const { message } = App.useApp();
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: () => call(api.GET('/sessions')) });
  const end = useMutation({
    mutationFn: async (ended: Session[]) => {
      for (const { id } of ended) {
        await call(api.DELETE('/sessions/{session}', { params: { path: { session: id } } }));
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }),
    onSuccess: (_, ended) => {
      message.success(say(ended.length > 1 ? 'others-ended' : 'session-ended'));
    },
  });
  const others = sessions.data?.items.filter(({ current }) => !current) ?? [];
  return (
    <Flex vertical gap={16} style={{ maxWidth: 960 }}>
      <Flex justify="space-between" align="center" gap={16} wrap>
        <Typography.Text type="secondary">{say('sessions-intro')}</Typography.Text>
        {others.length > 1 && (
          <Popconfirm
            title={say('end-others-title')}
            description={say('end-others-help')}
            okText={say('end-others')}
            onConfirm={() => end.mutate(others)}
          >
            <Button loading={end.isPending}>{say('end-others')}</Button>
          </Popconfirm>
        )}
      </Flex>
      <Problem error={sessions.error ?? end.error} />
      <Table<Session>
        rowKey="id"
        size="small"
        loading={sessions.isPending}
        dataSource={sessions.data?.items}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        columns={[
          {
            title: say('from'),
            key: 'from',
            render: (_, { address, current }) => (
              <Flex gap={8}>
                {address}
                {current && <Tag>{say('this')}</Tag>}
              </Flex>
            ),
          },
          { title: say('begun'), dataIndex: 'made-at', render: (at: string) => moment(at) },
          { title: say('used'), dataIndex: 'seen-at', render: (at: string) => moment(at) },
          { title: say('ends'), dataIndex: 'ends-at', render: (at: string) => moment(at) },
          {
            key: 'actions',
            width: 90,
            render: (_, session) =>
              !session.current && (
                <Button
                  size="small"
                  disabled={end.isPending}
                  aria-label={say('end-session-of', {
                    address: session.address,
                    at: moment(session['made-at']),
                  })}
                  onClick={() => end.mutate([session])}
                >
                  {say('end-session')}
                </Button>
              ),
          },
        ]}
      />
    </Flex>
  );
}
