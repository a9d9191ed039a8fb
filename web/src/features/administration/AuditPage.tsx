import { CheckCircleFilled, ReloadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Card, Flex, Spin, Typography, theme } from 'antd';
import { api, call } from '@/api/client';
import { useMay } from '@/app/session';
import { AuditLines } from '@/ui/audit/AuditLines';
import { count, moment } from '@/ui/format';
import { NoRight } from '@/ui/NoRight';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useSearch } from '@/ui/useSearch';

const useTexts = defineTexts(
  'audit',
  {
    title: 'Audit log',
    intro: 'Who did what. Lines are only ever added, and each carries the digest of the one before it.',
    verifying: 'Looking through the whole log…',
    whole: 'The chain is whole',
    'whole-lines': '{{lines}} lines are what was written, and none is missing. Looked through at {{at}}.',
    broken: 'The chain is broken at line {{line}}',
    'broken-hint':
      'Line {{line}} is not what was written, or one is missing before it: somebody changed the store behind the service. {{lines}} lines before it are as they were written. Compare it with a backup of the store.',
    show: 'Show line {{line}}',
    again: 'Look through again',
  },
  {
    title: '审计日志',
    intro: '谁做了什么。记录只增不改，每一行都带有前一行的摘要。',
    verifying: '正在校验整个日志…',
    whole: '链完整',
    'whole-lines': '{{lines}} 行与写入时一致，没有缺失。校验时间 {{at}}。',
    broken: '链在第 {{line}} 行断开',
    'broken-hint':
      '第 {{line}} 行与写入时不一致，或其前有缺失：有人绕过服务修改了存储。此前 {{lines}} 行与写入时一致。请与存储的备份核对。',
    show: '查看第 {{line}} 行',
    again: '重新校验',
  },
);

export default function AuditPage() {
  const say = useTexts();
  const may = useMay();
  if (!may('read-audit')) {
    return (
      <Page title={say('title')}>
        <NoRight />
      </Page>
    );
  }
  return (
    <Page title={say('title')} intro={say('intro')}>
      <Chain />
      <AuditLines
        withProject
        queryKey={['audit']}
        read={(before) => call(api.GET('/audit', { params: { query: { before, limit: 100 } } }))}
      />
    </Page>
  );
}

/** Whether the log is what was written. */
function Chain() {
  const say = useTexts();
  const { token } = theme.useToken();
  const search = useSearch();
  const verified = useQuery({
    queryKey: ['audit-verified'],
    queryFn: ({ signal }) => call(api.GET('/audit/verified', { signal })),
    // The whole log is read for it: not again for each look at the page.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const again = (
    <Button
      size="small"
      icon={<ReloadOutlined />}
      loading={verified.isFetching}
      onClick={() => void verified.refetch()}
    >
      {say('again')}
    </Button>
  );
  if (verified.isError) return <Problem error={verified.error} action={again} />;
  if (verified.isPending) {
    return (
      <Card size="small" role="status">
        <Flex gap={10} align="center">
          <Spin size="small" />
          {say('verifying')}
        </Flex>
      </Card>
    );
  }
  const broken = verified.data['broken-at'];
  const lines = count(verified.data.lines);
  if (broken == null) {
    return (
      <Card size="small" role="status">
        <Flex gap={10} align="center" wrap>
          <CheckCircleFilled style={{ color: token.colorSuccess }} aria-hidden />
          <Typography.Text strong>{say('whole')}</Typography.Text>
          <Typography.Text type="secondary" style={{ flex: 1 }}>
            {say('whole-lines', { lines, at: moment(new Date(verified.dataUpdatedAt).toISOString()) })}
          </Typography.Text>
          {again}
        </Flex>
      </Card>
    );
  }
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={say('broken', { line: count(broken) })}
      description={say('broken-hint', { line: count(broken), lines })}
      action={
        <Flex vertical gap={8}>
          <Button
            size="small"
            type="primary"
            danger
            onClick={() => search.set({ line: String(broken), filter: null })}
          >
            {say('show', { line: count(broken) })}
          </Button>
          {again}
        </Flex>
      }
    />
  );
}
