import { CaretRightOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { Button, DatePicker, Flex, InputNumber, Segmented, Typography } from 'antd';
import type { Dayjs } from 'dayjs';
import { useId, useState } from 'react';
import { api, call } from '@/api/client';
import { type Environment, useMayHere, useProject } from '@/app/project';
import { Problem } from '@/ui/Problem';
import { environmentsOf } from '../queries';
import { TrialResult } from './TrialResult';
import { useTrialTexts } from './trialTexts';
import type { Draft } from './useDraft';

/** Reads the first rows of the pipeline, as it is saved. */
export function TrialTab({ draft, mayEdit }: { draft: Draft; mayEdit: boolean }) {
  const say = useTrialTexts();
  const project = useProject();
  const mayTry = useMayHere()('use-data-sources');
  const id = useId();
  const [environment, setEnvironment] = useState<Environment>(environmentsOf(project)[0] ?? 'production');
  const [bizdate, setBizdate] = useState<Dayjs | null>(null);
  const [rows, setRows] = useState(20);
  const trial = useMutation({
    mutationFn: async () => {
      if (draft.isDirty) await draft.save();
      return call(
        api.POST('/projects/{project}/pipelines/{pipeline}/try', {
          params: { path: { project: project.id, pipeline: draft.pipeline.id }, query: { environment } },
          body: { rows, ...(bizdate ? { bizdate: bizdate.format('YYYYMMDD') } : {}) },
        }),
      );
    },
  });
  if (!mayTry) return <Typography.Text type="secondary">{say('notYours')}</Typography.Text>;
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">{say('intro')}</Typography.Text>
      <Flex gap={16} align="end" wrap>
        {environmentsOf(project).length > 1 && (
          <Flex vertical gap={4}>
            <span id={`${id}e`}>{say('environment')}</span>
            <Segmented<Environment>
              aria-labelledby={`${id}e`}
              value={environment}
              onChange={setEnvironment}
              options={environmentsOf(project).map((value) => ({ value, label: say(value) }))}
            />
          </Flex>
        )}
        <Flex vertical gap={4}>
          <label htmlFor={`${id}b`}>{say('bizdate')}</label>
          <DatePicker
            id={`${id}b`}
            value={bizdate}
            onChange={setBizdate}
            placeholder={say('bizdateUsual')}
            style={{ width: 180 }}
          />
        </Flex>
        <Flex vertical gap={4}>
          <label htmlFor={`${id}r`}>{say('rows')}</label>
          <InputNumber
            id={`${id}r`}
            min={1}
            max={200}
            precision={0}
            value={rows}
            onChange={(value) => setRows(value ?? 20)}
          />
        </Flex>
        <Button
          type="primary"
          icon={<CaretRightOutlined />}
          loading={trial.isPending}
          disabled={draft.isDirty && !mayEdit}
          onClick={() => trial.mutate()}
        >
          {say(draft.isDirty ? 'saveAndRun' : 'run')}
        </Button>
      </Flex>
      <Problem error={trial.error} />
      {trial.data && !trial.isPending && <TrialResult trial={trial.data} />}
    </Flex>
  );
}
