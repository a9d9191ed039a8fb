import { Flex, Typography, theme } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { Link } from 'react-router';
import { defineTexts } from './texts';

const useTexts = defineTexts('page', { way: 'Where you are' }, { way: '当前位置' });

/** A page: its heading, what can be done on it, its content. The heading is the browser tab's title too. */
export function Page({
  title,
  above,
  extra,
  intro,
  children,
}: {
  title: string;
  /** The way back: what it is called, and where it is. */
  above?: { title: string; to: string }[];
  extra?: ReactNode;
  intro?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Godwit`;
  }, [title]);
  return (
    <Flex vertical gap={16} style={{ padding: 24, minHeight: '100%' }}>
      <div>
        {above && <Way above={above} title={title} />}
        <Flex justify="space-between" align="center" gap={16} wrap>
          <Typography.Title level={1} style={{ margin: 0, fontSize: 22, overflowWrap: 'anywhere' }}>
            {title}
          </Typography.Title>
          {extra && (
            <Flex gap={8} wrap>
              {extra}
            </Flex>
          )}
        </Flex>
        {intro && <Typography.Text type="secondary">{intro}</Typography.Text>}
      </div>
      {children}
    </Flex>
  );
}

function Way({ above, title }: { above: { title: string; to: string }[]; title: string }) {
  const say = useTexts();
  const { token } = theme.useToken();
  return (
    <nav aria-label={say('way')} style={{ color: token.colorTextSecondary, marginBottom: 2 }}>
      <Flex component="ol" gap={8} wrap style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {above.map((step) => (
          <Flex component="li" key={step.to} gap={8}>
            <Link to={step.to}>{step.title}</Link>
            <span aria-hidden>/</span>
          </Flex>
        ))}
        <li aria-current="page" style={{ overflowWrap: 'anywhere' }}>
          {title}
        </li>
      </Flex>
    </nav>
  );
}
