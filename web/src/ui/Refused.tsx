import { Button, Flex } from 'antd';
import { Link } from 'react-router';
import { ProblemError } from '@/api/client';
import { Page } from './Page';
import { Problem } from './Problem';
import { defineTexts } from './texts';

const useTexts = defineTexts(
  'refused',
  { title: 'This page cannot be shown', again: 'Try again' },
  { title: '无法显示此页面', again: '重试' },
);

/** In place of a page that could not be read: why, and the ways on. */
export function Refused({
  error,
  onAgain,
  back,
}: {
  error: unknown;
  onAgain: () => unknown;
  back?: { title: string; to: string };
}) {
  const say = useTexts();
  // What is not there, or not for this person, stays so.
  const isFinal = error instanceof ProblemError && [403, 404].includes(error.problem.status);
  return (
    <Page title={say('title')}>
      <Problem error={error} />
      <Flex gap={16} align="center">
        {!isFinal && <Button onClick={() => void onAgain()}>{say('again')}</Button>}
        {back && <Link to={back.to}>{back.title}</Link>}
      </Flex>
    </Page>
  );
}
