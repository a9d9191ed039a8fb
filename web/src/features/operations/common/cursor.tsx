import { LeftOutlined, RightOutlined, VerticalRightOutlined } from '@ant-design/icons';
import { Button, Flex, Typography } from 'antd';
import { useSearch } from '@/ui/useSearch';
import { useOperationTexts } from './texts';

const NAME = 'after';

/** The way through a list that goes on at `next`: the cursors of the pages so far stand in the address. */
export function useCursor(): {
  after: string | undefined;
  page: number;
  go: (next: string) => void;
  back: () => void;
  restart: () => void;
} {
  const { get, set } = useSearch();
  const way = (get(NAME) ?? '').split(',').filter(Boolean).map(decodeURIComponent);
  const keep = (cursors: readonly string[]) => {
    set({ [NAME]: cursors.map(encodeURIComponent).join(',') });
    document.getElementById('content')?.scrollTo(0, 0);
  };
  return {
    after: way.at(-1),
    page: way.length + 1,
    go: (next) => keep([...way, next]),
    back: () => keep(way.slice(0, -1)),
    restart: () => keep([]),
  };
}

/** Back and on; nothing where all is on one page. */
export function Pages({ next, loading }: { next: string | number | null | undefined; loading?: boolean }) {
  const say = useOperationTexts();
  const { page, go, back, restart } = useCursor();
  if (page === 1 && next == null) return null;
  return (
    <Flex gap={8} align="center" justify="end" component="nav" aria-label={say('page', { page })}>
      {page > 2 && <Button icon={<VerticalRightOutlined />} aria-label={say('first')} onClick={restart} />}
      <Button icon={<LeftOutlined />} aria-label={say('previous')} disabled={page === 1} onClick={back} />
      <Typography.Text>{say('page', { page })}</Typography.Text>
      <Button
        icon={<RightOutlined />}
        aria-label={say('next')}
        disabled={next == null}
        loading={loading}
        onClick={() => next != null && go(String(next))}
      />
    </Flex>
  );
}
