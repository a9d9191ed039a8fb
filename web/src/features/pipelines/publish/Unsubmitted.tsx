import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { useMayHere, useProject } from '@/app/project';
import { Empty } from '@/ui/Empty';
import { Problem } from '@/ui/Problem';
import { SubmitDialog } from '../dialogs/SubmitDialog';
import { pipelinesIn } from '../queries';
import { PipelineTable } from './PipelineTable';
import { useTexts } from './texts';

/** Pipelines of a Basic project that are not live: never submitted, or taken out again. */
export function useUnsubmitted(enabled: boolean) {
  const project = useProject();
  return useQuery({
    ...pipelinesIn(project),
    enabled,
    select: (all) => all.filter(({ published }) => published == null),
  });
}

export function Unsubmitted() {
  const say = useTexts();
  const project = useProject();
  const may = useMayHere();
  const found = useUnsubmitted(true);
  const [chosen, setChosen] = useState<string[]>([]);
  const [isSubmitting, setIsSubmitting] = useState(false);
  const maySubmit = may('edit-migrations') && may('publish');
  const known = new Set(found.data?.map(({ id }) => id));
  const wanted = chosen.filter((id) => known.has(id));
  if (found.isError) return <Problem error={found.error} />;
  return (
    <>
      {found.data?.length === 0 ? (
        <Empty
          title={say('unsubmittedNone')}
          action={<Link to={`/p/${project.id}/pipelines`}>{say('toPipelines')}</Link>}
        >
          {say('unsubmittedNoneHint')}
        </Empty>
      ) : (
        <PipelineTable
          pipelines={found.data}
          isPending={found.isPending}
          chosen={wanted}
          onChoose={maySubmit ? setChosen : undefined}
          action={
            maySubmit ? (
              <Button type="primary" disabled={wanted.length === 0} onClick={() => setIsSubmitting(true)}>
                {wanted.length === 0 ? say('submit') : say('submitSome', { count: wanted.length })}
              </Button>
            ) : (
              say('notYours')
            )
          }
        />
      )}
      <SubmitDialog
        open={isSubmitting}
        pipelines={wanted.length > 0 ? wanted : chosen}
        onClose={() => {
          setIsSubmitting(false);
          setChosen([]);
        }}
      />
    </>
  );
}
