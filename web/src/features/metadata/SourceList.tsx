import {
  CheckCircleOutlined,
  CloseCircleOutlined,
  LoadingOutlined,
  MinusCircleOutlined,
} from '@ant-design/icons';
import { Flex, Input, Typography, theme } from 'antd';
import { useState } from 'react';
import type { Operation } from '@/app/operation';
import { useProject } from '@/app/project';
import type { DataSource } from '@/features/data-sources/data';
import { moment } from '@/ui/format';
import { useLastCollections } from './data';
import { useTexts } from './texts';

/** The data sources, each with its last collection. */
export function SourceList({
  sources,
  chosen,
  onChoose,
}: {
  sources: readonly DataSource[];
  chosen: string | undefined;
  onChoose: (id: string) => void;
}) {
  const say = useTexts();
  const last = useLastCollections();
  const [sought, setSought] = useState('');
  const shown = sources.filter((one) => one.name.toLowerCase().includes(sought.toLowerCase()));
  return (
    <>
      {sources.length > 8 && (
        <div style={{ padding: 8 }}>
          <Input
            allowClear
            aria-label={say('findSource')}
            placeholder={say('findSource')}
            value={sought}
            onChange={(event) => setSought(event.target.value)}
          />
        </div>
      )}
      <ul
        style={{
          listStyle: 'none',
          margin: 0,
          padding: 4,
          maxHeight: 'calc(100vh - 180px)',
          overflow: 'auto',
        }}
      >
        {shown.map((source) => (
          <li key={source.id}>
            <Entry
              source={source}
              last={last.data?.get(source.id)}
              isChosen={source.id === chosen}
              onChoose={() => onChoose(source.id)}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

function Entry({
  source,
  last,
  isChosen,
  onChoose,
}: {
  source: DataSource;
  last: Operation | undefined;
  isChosen: boolean;
  onChoose: () => void;
}) {
  const { token } = theme.useToken();
  return (
    <button
      type="button"
      aria-current={isChosen ? 'true' : undefined}
      onClick={onChoose}
      style={{
        display: 'block',
        width: '100%',
        padding: '8px 12px',
        textAlign: 'start',
        font: 'inherit',
        color: token.colorText,
        cursor: 'pointer',
        border: 0,
        borderInlineStart: `3px solid ${isChosen ? token.colorPrimary : 'transparent'}`,
        borderRadius: token.borderRadius,
        background: isChosen ? token.colorFillSecondary : 'transparent',
      }}
    >
      <div style={{ overflowWrap: 'anywhere', fontWeight: isChosen ? 600 : 400 }}>{source.name}</div>
      <Last operation={last} />
    </button>
  );
}

function Last({ operation }: { operation: Operation | undefined }) {
  const say = useTexts();
  const { token } = theme.useToken();
  const project = useProject();
  const at = operation?.['ended-at'] ? moment(operation['ended-at'], project['time-zone']) : '';
  const [icon, text] = (() => {
    switch (operation?.state) {
      case 'running':
        return [<LoadingOutlined key="i" />, say('collecting')];
      case 'failed':
        return [<CloseCircleOutlined key="i" style={{ color: token.colorError }} />, say('failedAt', { at })];
      case 'succeeded':
        return [
          <CheckCircleOutlined key="i" style={{ color: token.colorSuccess }} />,
          say('collectedAt', { at }),
        ];
      default:
        return [<MinusCircleOutlined key="i" />, say('never')];
    }
  })();
  return (
    <Flex gap={6} align="center">
      {icon}
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {text}
      </Typography.Text>
    </Flex>
  );
}
