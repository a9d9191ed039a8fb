import { Alert, Flex } from 'antd';
import type { Environment } from '@/app/project';
import { FindingList } from '@/ui/Findings';
import { Problem } from '@/ui/Problem';
import type { Finding, Tested } from './data';
import { isNotYet } from './draft';
import { useTexts } from './texts';

/** What a test came to in one environment. */
export interface Trial {
  environment: Environment;
  tested?: Tested;
  error?: unknown;
}

/** What tests found, an environment after the other. */
export function TestResult({
  trials,
  named,
  writes,
  onShow,
}: {
  trials: readonly Trial[];
  /** Whether the environments are named: where a project has two. */
  named: boolean;
  /** Whether it is, or may be, written to: then it need not be there yet. */
  writes: boolean;
  onShow?: (finding: Finding) => void;
}) {
  return (
    <Flex vertical gap={8} aria-live="polite">
      {trials.map(({ environment, tested, error }) =>
        tested ? (
          <One key={environment} {...{ environment, tested, named, writes, onShow }} />
        ) : (
          <Problem key={environment} error={error} />
        ),
      )}
    </Flex>
  );
}

function One({
  environment,
  tested,
  named,
  writes,
  onShow,
}: {
  environment: Environment;
  tested: Tested;
  named: boolean;
  writes: boolean;
  onShow?: (finding: Finding) => void;
}) {
  const say = useTexts();
  const { reachable, findings } = tested;
  if (writes && isNotYet(tested)) {
    return <Alert type="info" showIcon title={say('notYet')} description={named ? say(environment) : null} />;
  }
  const outcome = say(reachable ? 'worksPlain' : 'failsPlain');
  const title = named ? `${say(environment)}: ${outcome}` : outcome;
  return (
    <Alert
      type={reachable ? 'success' : 'error'}
      showIcon
      title={title}
      description={findings.length > 0 ? <FindingList findings={findings} onShow={onShow} /> : undefined}
    />
  );
}
