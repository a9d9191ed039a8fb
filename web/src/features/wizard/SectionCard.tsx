import { Card, Typography } from 'antd';
import type { ReactNode } from 'react';
import { SECTIONS, type Section, useSectionTexts } from './sections';

/** One section of the page, under its number. */
export function SectionCard({ of, children }: { of: Section; children: ReactNode }) {
  const say = useSectionTexts();
  // The last one can be brought to the top of the page, too.
  const isLast = of === SECTIONS.at(-1);
  return (
    <section
      id={of}
      aria-labelledby={`${of}-title`}
      style={{ scrollMarginBlockStart: 64, minHeight: isLast ? 'calc(100vh - 140px)' : undefined }}
    >
      <Card
        size="small"
        title={
          <Typography.Title
            level={2}
            id={`${of}-title`}
            tabIndex={-1}
            style={{ fontSize: 15, margin: 0, outline: 'none' }}
          >
            {SECTIONS.indexOf(of) + 1}. {say(of)}
          </Typography.Title>
        }
        styles={{ body: { padding: 16 } }}
      >
        {children}
      </Card>
    </section>
  );
}
