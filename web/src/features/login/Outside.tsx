import { BulbOutlined, GlobalOutlined } from '@ant-design/icons';
import { Button, Dropdown, Flex, Typography } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { Surface } from '@/ui/Surface';
import { LANGUAGES, type Language, setLanguage, useLanguage } from '@/ui/texts';
import { type Shade, useShade } from '@/ui/theme';
import { useTexts } from './texts';

/** The frame of the pages for who is not logged in. */
export function Outside({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Godwit`;
  }, [title]);
  return (
    <Flex vertical style={{ minHeight: '100vh', padding: 16 }}>
      <Switches />
      <Flex component="main" justify="center" align="center" style={{ flex: 1, paddingBlockEnd: 64 }}>
        <Surface style={{ width: 400, maxWidth: '100%', padding: 24 }}>
          <Flex align="center" gap={10} style={{ marginBottom: 20 }}>
            <img src="/godwit.svg" alt="" width={36} height={36} />
            <Typography.Title level={1} style={{ margin: 0, fontSize: 20 }}>
              {title}
            </Typography.Title>
          </Flex>
          {children}
        </Surface>
      </Flex>
    </Flex>
  );
}

/** In which language, and how light, the page is: one may have to choose before one can log in. */
function Switches() {
  const say = useTexts();
  const language = useLanguage();
  const { shade, setShade } = useShade();
  return (
    <Flex component="header" justify="end" gap={4}>
      <Dropdown
        trigger={['click']}
        menu={{
          items: Object.entries(LANGUAGES).map(([key, label]) => ({ key, label })),
          selectedKeys: [language],
          onClick: ({ key }) => setLanguage(key as Language),
        }}
      >
        <Button type="text" icon={<GlobalOutlined />}>
          {LANGUAGES[language]}
        </Button>
      </Dropdown>
      <Dropdown
        trigger={['click']}
        menu={{
          items: (['light', 'dark', 'system'] as const).map((key) => ({ key, label: say(key) })),
          selectedKeys: [shade],
          onClick: ({ key }) => setShade(key as Shade),
        }}
      >
        <Button type="text" icon={<BulbOutlined />} aria-label={say('shade')} />
      </Dropdown>
    </Flex>
  );
}
