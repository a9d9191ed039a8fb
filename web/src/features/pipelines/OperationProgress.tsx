import { CheckCircleFilled } from '@ant-design/icons';
import { Alert, Flex, Progress, Typography, theme } from 'antd';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import { ProblemError, type Schemas } from '@/api/client';
import { type Operation, useOperation } from '@/app/operation';
import { useProject } from '@/app/project';
import { FindingList } from '@/ui/Findings';
import { Problem } from '@/ui/Problem';
import { type Finding, useTouched } from './queries';
import { isMap } from './script';
import { useTexts } from './texts';

/** What became of one pipeline that was submitted or published. */
export interface Outcome {
  pipeline: string;
  name: string;
  version: number | null;
  findings: Finding[];
}

export function outcomesOf(operation: Operation): Outcome[] {
  const items = isMap(operation.result) ? operation.result.items : undefined;
  return Array.isArray(items) ? (items as Outcome[]) : [];
}

/** Follows a submission or publication to its end, and tells what went out and what did not. */
export function OperationProgress({ id, onEnd }: { id: string; onEnd?: () => void }) {
  const operation = useOperation(id);
  const touched = useTouched();
  const ended = useRef(false);
  const state = operation.data?.state;
  useEffect(() => {
    if (state === undefined || state === 'running' || ended.current) return;
    ended.current = true;
    void touched();
    onEnd?.();
  }, [state, touched, onEnd]);
  if (operation.isError) return <Problem error={operation.error} />;
  if (operation.data === undefined || operation.data.state === 'running') {
    return <Running operation={operation.data} />;
  }
  return <Ended operation={operation.data} />;
}

function Running({ operation }: { operation?: Operation }) {
  const say = useTexts();
  const { done = 0, total = 0 } = operation ?? {};
  const text = total === 0 ? say('beginning') : say('working', { done, total });
  return (
    <div role="status" aria-live="polite">
      <Progress
        percent={total === 0 ? 0 : Math.round((done / total) * 100)}
        status="active"
        showInfo={false}
        aria-label={text}
      />
      <Typography.Text type="secondary">{text}</Typography.Text>
    </div>
  );
}

/** What came of it; `isWhole` names those that went out without a finding, too. */
export function Ended({ operation, isWhole = false }: { operation: Operation; isWhole?: boolean }) {
  const say = useTexts();
  const project = useProject();
  const { token } = theme.useToken();
  const error = isMap(operation.result) ? operation.result.error : undefined;
  if (isMap(error)) return <Problem error={new ProblemError(error as unknown as Schemas['Problem'])} />;
  const outcomes = outcomesOf(operation);
  if (outcomes.length === 0 && operation.state === 'failed')
    return <Alert type="error" title={say('operationLost')} />;
  const out = outcomes.filter((one) => one.version !== null);
  const stayed = outcomes.filter((one) => one.version === null);
  const told = [...stayed, ...out.filter((one) => isWhole || one.findings.length > 0)];
  return (
    <Flex vertical gap={12} role="status">
      <Flex gap={16}>
        {out.length > 0 && (
          <span>
            <CheckCircleFilled style={{ color: token.colorSuccess }} />{' '}
            {say('wentOut', { count: out.length })}
          </span>
        )}
        {stayed.length > 0 && (
          <Typography.Text type="danger">{say('stayed', { count: stayed.length })}</Typography.Text>
        )}
      </Flex>
      {told.length > 0 && (
        <Flex vertical gap={12} style={{ maxHeight: 320, overflow: 'auto' }} tabIndex={0}>
          {told.map((one) => (
            <div key={one.pipeline}>
              <Link to={`/p/${project.id}/pipelines/${one.pipeline}`}>{one.name}</Link>
              {one.version !== null && (
                <Typography.Text type="secondary"> {say('version', { number: one.version })}</Typography.Text>
              )}
              {one.findings.length > 0 && <FindingList findings={one.findings} />}
            </div>
          ))}
        </Flex>
      )}
    </Flex>
  );
}
