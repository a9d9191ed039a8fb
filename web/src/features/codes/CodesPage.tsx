import { Card, Flex, Input, Typography } from 'antd';
import { Link, useParams } from 'react-router';
import { Marked } from '@/ui/Code';
import { useCodes } from '@/ui/codes';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useSearch } from '@/ui/useSearch';
import { Waiting } from '@/ui/Waiting';

const useTexts = defineTexts(
  'codes',
  {
    title: 'Codes',
    intro:
      'What findings, errors and rejected rows are known by. Messages may be reworded; codes stay, so that scripts and searches can rely on them.',
    search: 'Search codes and what they mean',
    means: 'What it means',
    wayOut: 'The way out',
    none: 'No code is called so, or means that',
    all: 'All codes',
  },
  {
    title: '代码',
    intro: '问题、错误和脏数据都有固定的代码。消息可能改写，代码不变，脚本和搜索可以依赖它。',
    search: '搜索代码及含义',
    means: '含义',
    wayOut: '处理办法',
    none: '没有匹配的代码',
    all: '全部代码',
  },
);

/** What codes mean: the one of the address, or those that a search finds. */
export default function CodesPage() {
  const say = useTexts();
  const { code } = useParams();
  const codes = useCodes();
  const all = codes.data?.flatMap((section) => section.codes) ?? [];
  const one = all.find((known) => known.code === code);
  if (codes.isPending) return <Waiting />;
  const above = code === undefined ? undefined : [{ title: say('all'), to: '/errors' }];
  return (
    <Page title={code ?? say('title')} intro={code === undefined && say('intro')} above={above}>
      <Problem error={codes.error} />
      {one && (
        <Card>
          <Typography.Title level={2} style={{ fontSize: 16, marginTop: 0 }}>
            {say('means')}
          </Typography.Title>
          <Typography.Paragraph>
            <Marked text={one.means} />
          </Typography.Paragraph>
          <Typography.Title level={2} style={{ fontSize: 16 }}>
            {say('wayOut')}
          </Typography.Title>
          <Marked text={one.wayOut} />
        </Card>
      )}
      {codes.data && code !== undefined && one === undefined && (
        <Empty title={say('none')} action={<Link to="/errors">{say('all')}</Link>} />
      )}
      {codes.data && code === undefined && <Found />}
    </Page>
  );
}

function Found() {
  const say = useTexts();
  const search = useSearch();
  const sections = useCodes().data ?? [];
  const sought = (search.get('q') ?? '').trim().toLowerCase();
  const found = sections
    .map(({ title, codes }) => ({
      title,
      codes: codes.filter((one) => `${one.code} ${one.means} ${one.wayOut}`.toLowerCase().includes(sought)),
    }))
    .filter(({ codes }) => codes.length > 0);
  return (
    <>
      <Input.Search
        allowClear
        aria-label={say('search')}
        placeholder={say('search')}
        defaultValue={search.get('q')}
        onChange={({ target }) => search.set({ q: target.value })}
        style={{ maxWidth: 420 }}
      />
      {found.length === 0 && <Empty title={say('none')} />}
      <Flex vertical gap={16}>
        {found.map(({ title, codes }) => (
          <section key={title} aria-label={title}>
            <Typography.Title level={2} style={{ fontSize: 16 }}>
              {title}
            </Typography.Title>
            <Flex vertical gap={12} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
              {codes.map(({ code, means, wayOut }) => (
                <li key={code}>
                  <Link to={`/errors/${code}`}>{code}</Link>
                  <div>
                    <Marked text={means} />
                  </div>
                  <Typography.Text type="secondary">
                    <Marked text={wayOut} />
                  </Typography.Text>
                </li>
              ))}
            </Flex>
          </section>
        ))}
      </Flex>
    </>
  );
}
