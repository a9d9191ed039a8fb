import '@xyflow/react/dist/style.css';
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  type NodeTypes,
  Position,
  ReactFlow,
} from '@xyflow/react';
import { theme } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import type { Schemas } from '@/api/client';
import { bizdate } from '@/ui/format';
import { STATE_HUES, useStateTexts } from '@/ui/StateTag';
import { useShade } from '@/ui/theme';
import { usePlace } from '../common/links';
import type { InstanceLine } from '../common/types';
import { layered } from './layers';
import { useInstanceTexts } from './texts';

const WIDTH = 220;
const COLUMN = 300;
const ROW = 78;
/** So many instances can be looked at together. */
const READABLE = 60;

type InstanceNode = Node<{ line: InstanceLine; isCentre: boolean }, 'instance'>;

const TYPES: NodeTypes = { instance: Box };

/** What waits for what, from left to right. */
export default function Graph({ graph, centre }: { graph: Schemas['GraphShown']; centre: number }) {
  const say = useInstanceTexts();
  const { isDark } = useShade();
  const { token } = theme.useToken();
  const { nodes, edges } = useMemo(() => drawn(graph, centre), [graph, centre]);
  return (
    <section
      aria-label={say('dependencies')}
      style={{
        height: 480,
        border: `1px solid ${token.colorBorderSecondary}`,
        borderRadius: token.borderRadius,
      }}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        colorMode={isDark ? 'dark' : 'light'}
        fitView
        fitViewOptions={{
          maxZoom: 1,
          minZoom: 0.35,
          nodes: inSight(graph, centre),
        }}
        minZoom={0.1}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements={graph.instances.length > 150}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </section>
  );
}

/** All of it where that can be read; where it cannot, the instance and some beside it. */
function inSight({ instances, waits }: Schemas['GraphShown'], centre: number): { id: string }[] {
  const next = waits.flatMap(({ instance, upstream }) =>
    instance === centre ? [upstream] : upstream === centre ? [instance] : [],
  );
  const seen = instances.length <= READABLE ? instances.map(({ id }) => id) : [centre, ...next.slice(0, 8)];
  return seen.map((id) => ({ id: String(id) }));
}

function drawn({ instances, waits }: Schemas['GraphShown'], centre: number) {
  const lines = new Map(instances.map((line) => [line.id, line]));
  const placed = layered(
    instances.map(({ id }) => id),
    waits,
  );
  const nodes = placed.flatMap(({ id, column, row }): InstanceNode[] => {
    const line = lines.get(id);
    if (line === undefined) return [];
    return [
      {
        id: String(id),
        type: 'instance',
        position: { x: column * COLUMN, y: row * ROW },
        data: { line, isCentre: id === centre },
        width: WIDTH,
        height: 58,
      },
    ];
  });
  const edges = waits.map(
    ({ instance, upstream }): Edge => ({
      id: `${upstream}-${instance}`,
      source: String(upstream),
      target: String(instance),
      markerEnd: { type: MarkerType.ArrowClosed },
      focusable: false,
    }),
  );
  return { nodes, edges };
}

function Box({ data: { line, isCentre } }: NodeProps<InstanceNode>) {
  const { token } = theme.useToken();
  const state = useStateTexts();
  const place = usePlace();
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} style={{ opacity: 0 }} />
      <Link
        to={place(`instances/${line.id}`, { tab: 'dependencies' })}
        aria-current={isCentre ? 'true' : undefined}
        className="nodrag nopan"
        style={{
          display: 'block',
          boxSizing: 'border-box',
          width: WIDTH,
          height: 58,
          padding: '6px 10px',
          color: token.colorText,
          background: token.colorBgContainer,
          border: `${isCentre ? 2 : 1}px solid ${isCentre ? token.colorPrimary : token.colorBorder}`,
          borderInlineStart: `6px solid ${STATE_HUES[line.state]}`,
          borderRadius: token.borderRadius,
        }}
      >
        <strong
          style={{ display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
        >
          {line['task-name']}
        </strong>
        <span style={{ color: token.colorTextSecondary, fontSize: 12 }}>
          {bizdate(line.bizdate)} · {state(line.state)}
        </span>
      </Link>
      <Handle type="source" position={Position.Right} isConnectable={false} style={{ opacity: 0 }} />
    </>
  );
}
