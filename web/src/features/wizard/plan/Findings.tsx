import { CheckOutlined } from '@ant-design/icons';
import { Button, Flex, Tooltip, Typography } from 'antd';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { FindingList } from '@/ui/Findings';
import { useDraft } from '../draft';
import { reveal } from '../sections';
import { accepted, proposalsOf } from './proposals';
import { usePlanTexts } from './texts';

type Finding = Schemas['Finding'];
/** So many are shown at once; nobody reads more. */
const MOST = 200;

/** Shows the field of a finding, once what lies over the page has gone. */
export function revealAfter(close: () => void): (finding: Finding) => void {
  return (finding) => {
    close();
    setTimeout(() => reveal(finding), 350);
  };
}

/** Findings, each with the way to its field, and with what it proposes to be accepted by a click. */
export function PlanFindings({
  findings,
  onShow = reveal,
}: {
  findings: readonly Finding[];
  onShow?: (finding: Finding) => void;
}) {
  return (
    <Flex vertical gap={8}>
      {findings.slice(0, MOST).map((finding, index) => (
        <OneFinding key={index} finding={finding} onShow={onShow} />
      ))}
    </Flex>
  );
}

function OneFinding({ finding, onShow }: { finding: Finding; onShow: (finding: Finding) => void }) {
  const say = usePlanTexts();
  const { change, mayEdit } = useDraft();
  const [taken, setTaken] = useState<string>();
  const proposals = proposalsOf(finding);
  const isField = finding.at.startsWith('migration.') || finding.at.startsWith('data-sources.');
  const plain = proposals.length > 0 ? { ...finding, hint: null } : finding;
  return (
    <div data-finding={finding.code}>
      <FindingList findings={[plain]} onShow={isField ? onShow : undefined} />
      {proposals.length > 0 && (
        <Flex gap={6} wrap align="center" style={{ marginInlineStart: 22, marginBlockStart: 2 }}>
          <Typography.Text type="secondary">{say('accept')}:</Typography.Text>
          {proposals.map((proposal) => (
            <Tooltip key={proposal.text} title={proposal.text}>
              <Button
                size="small"
                disabled={!mayEdit}
                icon={taken === proposal.text ? <CheckOutlined aria-hidden /> : undefined}
                onClick={() => {
                  change((draft) => accepted(draft, [proposal]));
                  setTaken(proposal.text);
                }}
              >
                {proposal.label}
              </Button>
            </Tooltip>
          ))}
          <Typography.Text type="secondary" role="status" style={{ fontSize: 13 }}>
            {taken !== undefined && say('accepted')}
          </Typography.Text>
        </Flex>
      )}
    </div>
  );
}
