import { Alert, Flex, Progress, Typography } from 'antd';
import { useEffect, useRef, useState } from 'react';
import type { Operation } from '@/app/operation';
import { count } from '@/ui/format';
import { useTexts } from './texts';

/** How far a collection is; what came of it, where somebody watched or asked for it (`own`). A failure stands until the next one. */
export function Collecting({
  operation,
  own,
}: {
  operation: Operation | undefined;
  own: string | undefined;
}) {
  const say = useTexts();
  const [watched, setWatched] = useState<string>();
  const state = operation?.state;
  const id = operation?.id;
  const last = useRef<string>(undefined);
  useEffect(() => {
    if (state === 'running') last.current = id;
    else if (id !== undefined && last.current === id) setWatched(id);
  }, [state, id]);
  if (!operation) return null;
  if (state === 'running') return <Running operation={operation} />;
  const { error, tables, gone } = resultOf(operation);
  if (state === 'failed') {
    return (
      <Alert
        type="error"
        showIcon
        title={say('collectFailed', { message: error?.message ?? '' })}
        description={error?.hint}
      />
    );
  }
  if (watched !== id && own !== id) return null;
  const said = [
    say('done', { count: tables ?? 0, tables: count(tables ?? 0) }),
    gone ? say('gone', { count: gone, gone: count(gone) }) : '',
  ];
  return <Alert type="success" showIcon closable title={said.join(' ').trim()} />;
}

function Running({ operation: { done, total } }: { operation: Operation }) {
  const say = useTexts();
  const text = total > 0 ? say('progress', { done: count(done), total: count(total) }) : say('starting');
  return (
    <Flex vertical role="status">
      <Typography.Text>{text}</Typography.Text>
      <Progress
        percent={total > 0 ? Math.floor((100 * done) / total) : 0}
        status="active"
        size="small"
        aria-label={text}
      />
    </Flex>
  );
}

interface Result {
  error?: { message: string; hint?: string | null };
  tables?: number;
  gone?: number;
}

function resultOf(operation: Operation): Result {
  const { result } = operation;
  return typeof result === 'object' && result !== null ? (result as Result) : {};
}
