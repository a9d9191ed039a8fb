import {
  CheckCircleFilled,
  ClockCircleOutlined,
  EditOutlined,
  MinusCircleOutlined,
  TableOutlined,
} from '@ant-design/icons';
import { Flex, Tooltip, Typography, theme } from 'antd';
import type { Pipeline } from '../queries';
import { useTexts } from '../texts';

/** A pipeline in the tree: whether it was generated, its name, how far it has gone. */
export function PipelineRow({ pipeline, folder }: { pipeline: Pipeline; folder: string }) {
  const say = useTexts();
  const { token } = theme.useToken();
  const isEdited = pipeline['hand-edited'];
  const kind = say(isEdited ? (pipeline.generated ? 'handEdited' : 'handMade') : 'generated');
  // What all in a folder begin with tells nothing.
  const prefix = `${folder}.`;
  const short = pipeline.name.startsWith(prefix) ? pipeline.name.slice(prefix.length) : pipeline.name;
  const { submitted, published } = pipeline;
  const state =
    submitted == null
      ? say('draft')
      : submitted === published
        ? say('inProduction', { number: submitted })
        : say('submittedAs', { number: submitted });
  return (
    <Flex gap={6} align="center" style={{ width: '100%', minWidth: 0 }}>
      <span title={kind}>
        {isEdited ? <EditOutlined aria-label={kind} /> : <TableOutlined aria-label={kind} />}
      </span>
      <Typography.Text ellipsis style={{ flex: 1, color: 'inherit' }} title={pipeline.name}>
        {short}
      </Typography.Text>
      <Tooltip title={state}>
        <Flex gap={4} align="center" style={{ fontSize: 12 }}>
          {submitted != null && `v${submitted}`}
          {submitted == null ? (
            <MinusCircleOutlined aria-label={state} />
          ) : submitted === published ? (
            <CheckCircleFilled aria-label={state} style={{ color: token.colorSuccess }} />
          ) : (
            <ClockCircleOutlined aria-label={state} style={{ color: token.colorWarning }} />
          )}
        </Flex>
      </Tooltip>
    </Flex>
  );
}
