import { Button } from 'antd';
import { Link, useRouteError } from 'react-router';
import { Empty } from '@/ui/Empty';
import { Page } from '@/ui/Page';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';

const useTexts = defineTexts(
  'broken',
  {
    broken: 'This page broke',
    missing: 'There is nothing at this address',
    home: 'Go to the start page',
    again: 'Load it again',
  },
  { broken: '页面出错', missing: '该地址不存在', home: '返回首页', again: '重新加载' },
);

/** Shown in place of a page that threw. */
export function Broken() {
  const say = useTexts();
  const error = useRouteError();
  return (
    <Page title={say('broken')}>
      <Problem error={error} />
      <div>
        <Button onClick={() => window.location.reload()}>{say('again')}</Button>
      </div>
    </Page>
  );
}

export function NotFound() {
  const say = useTexts();
  return (
    <Page title={say('missing')}>
      <Empty title={say('missing')} action={<Link to="/">{say('home')}</Link>} />
    </Page>
  );
}
