import { CheckCircleFilled, CloseCircleFilled, MinusCircleOutlined, WarningFilled } from '@ant-design/icons';
import { Flex, theme } from 'antd';
import { useEffect, useState } from 'react';
import { useDraft } from './draft';
import { go, SECTIONS, type Section, type SectionState, useSectionTexts } from './sections';
import { fitsDay } from './Timeline';
import { useTableCount } from './tableCount';

/** The way to each section, and how far it is. */
export function Steps({ states: told }: { states: Record<Section, SectionState> }) {
  const say = useSectionTexts();
  const { token } = theme.useToken();
  const here = useHere();
  const states = useWithSpread(told);
  return (
    <nav aria-label={say('sections')} style={{ position: 'sticky', top: 64, width: 200, flexShrink: 0 }}>
      <ol style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {SECTIONS.map((section) => {
          const isHere = section === here;
          return (
            <li key={section}>
              <button
                type="button"
                aria-current={isHere ? 'step' : undefined}
                data-step={section}
                data-step-state={states[section]}
                onClick={() => go(section)}
                style={{
                  display: 'block',
                  width: '100%',
                  padding: '7px 10px',
                  border: 0,
                  borderInlineStart: `2px solid ${isHere ? token.colorPrimary : token.colorBorderSecondary}`,
                  background: isHere ? token.colorFillTertiary : 'transparent',
                  color: token.colorText,
                  fontWeight: isHere ? 600 : 400,
                  fontFamily: 'inherit',
                  fontSize: 'inherit',
                  lineHeight: 'inherit',
                  textAlign: 'start',
                  cursor: 'pointer',
                }}
              >
                <Flex gap={8} align="baseline">
                  <StateIcon state={states[section]} />
                  <span>{say(section)}</span>
                </Flex>
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

function StateIcon({ state }: { state: SectionState }) {
  const say = useSectionTexts();
  const { token } = theme.useToken();
  const label = say(state);
  switch (state) {
    case 'blocked':
      return <CloseCircleFilled title={label} aria-label={label} style={{ color: token.colorError }} />;
    case 'warning':
      return <WarningFilled title={label} aria-label={label} style={{ color: token.colorWarning }} />;
    case 'done':
      return <CheckCircleFilled title={label} aria-label={label} style={{ color: token.colorSuccess }} />;
    default:
      return (
        <MinusCircleOutlined title={label} aria-label={label} style={{ color: token.colorTextTertiary }} />
      );
  }
}

/** The section that is being read: the last one whose head has passed the upper third. */
function useHere(): Section {
  const [here, setHere] = useState<Section>('basic');
  useEffect(() => {
    const scroller = document.getElementById('content');
    if (scroller === null) return;
    let due = 0;
    const look = () => {
      due = 0;
      const line = scroller.getBoundingClientRect().top + scroller.clientHeight / 3;
      const isEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 4;
      const passed = SECTIONS.filter((section) => {
        const place = document.getElementById(section)?.getBoundingClientRect();
        return place !== undefined && place.top <= line;
      });
      setHere((isEnd ? SECTIONS.at(-1) : passed.at(-1)) ?? 'basic');
    };
    const heed = () => {
      due ||= requestAnimationFrame(look);
    };
    scroller.addEventListener('scroll', heed, { passive: true });
    return () => {
      scroller.removeEventListener('scroll', heed);
      cancelAnimationFrame(due);
    };
  }, []);
  return here;
}

/** Batches that do not fit into a day are found here already, before anything is planned. */
function useWithSpread(states: Record<Section, SectionState>): Record<Section, SectionState> {
  const { draft } = useDraft();
  const { count, isExact } = useTableCount();
  const { mode, 'tasks-per-batch': size, 'every-hours': hours } = draft.schedule ?? {};
  if (mode !== 'batch' || !size || hours == null || count === undefined) return states;
  if (states.schedule === 'blocked' || fitsDay(count, size, hours)) return states;
  return { ...states, schedule: isExact ? 'blocked' : 'warning' };
}
