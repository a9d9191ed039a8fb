import { SearchOutlined } from '@ant-design/icons';
import { Badge, Button, Flex, Input, Segmented, Typography, theme } from 'antd';
import { count } from '@/ui/format';
import { useTexts } from './texts';

export const SHOWN = ['all', 'selected', 'unselected'] as const;
export type Shown = (typeof SHOWN)[number];

/** What is shown of the list, and what can be done with it. */
export function Toolbar({
  shown,
  onShown,
  counts,
  find,
  onFind,
  hasRules,
  onAdvanced,
  onRules,
  onValidate,
  mayEdit,
  mayValidate,
  isValidating,
}: {
  shown: Shown;
  onShown: (shown: Shown) => void;
  counts: Record<Shown, number>;
  find: string;
  onFind: (find: string) => void;
  hasRules: boolean;
  onAdvanced: () => void;
  onRules: () => void;
  onValidate: () => void;
  mayEdit: boolean;
  mayValidate: boolean;
  isValidating: boolean;
}) {
  const say = useTexts();
  const { token } = theme.useToken();
  return (
    <Flex gap={8} align="center" wrap>
      <Segmented<Shown>
        aria-label={say('show')}
        value={shown}
        onChange={onShown}
        options={SHOWN.map((value) => ({
          value,
          label: (
            <>
              {say(`show_${value}`)}{' '}
              <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                {count(counts[value])}
              </Typography.Text>
            </>
          ),
        }))}
      />
      <Input
        style={{ flex: '1 1 150px', maxWidth: 360 }}
        prefix={<SearchOutlined aria-hidden />}
        allowClear
        aria-label={say('search')}
        placeholder={say('searchShort')}
        title={say('search')}
        value={find}
        onChange={(event) => onFind(event.target.value)}
      />
      <Button onClick={onAdvanced} disabled={!mayEdit}>
        {say('advanced')}
      </Button>
      <Badge dot={hasRules} color={token.colorPrimary} title={hasRules ? say('rulesOn') : undefined}>
        <Button onClick={onRules}>{say('rules')}</Button>
      </Badge>
      <Button onClick={onValidate} disabled={!mayValidate} loading={isValidating}>
        {say('validate')}
      </Button>
    </Flex>
  );
}
