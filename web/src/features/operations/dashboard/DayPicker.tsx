import { CalendarOutlined, LeftOutlined, RightOutlined } from '@ant-design/icons';
import { Button, Flex } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useProject } from '@/app/project';
import { bizdate } from '@/ui/format';
import { bizdateOf, pickedOf, today } from '../common/dates';
import { useDashboardTexts } from './texts';

/** The calendar weighs more than the page: it comes when somebody wants a day that is further off. */
const Calendar = lazy(() => import('./Calendar'));

/** The day that is looked at, and the way to those beside it. */
export function DayPicker({ day, onChoose }: { day: string; onChoose: (day: string) => void }) {
  const say = useDashboardTexts();
  const zone = useProject()['time-zone'];
  const [open, setOpen] = useState(false);
  const to = (days: number) => pickedOf(day)?.add(days, 'day');
  const next = to(1);
  const choose = (chosen: string) => {
    setOpen(false);
    onChoose(chosen);
  };
  const shown = (
    <Button
      icon={<CalendarOutlined />}
      aria-label={say('chooseDay', { bizdate: bizdate(day) })}
      onClick={() => setOpen(true)}
    >
      {bizdate(day)}
    </Button>
  );
  return (
    <Flex gap={4} role="group" aria-label={say('day')}>
      <Button
        icon={<LeftOutlined />}
        aria-label={say('dayBefore')}
        title={say('dayBefore')}
        onClick={() => onChoose(bizdateOf(to(-1) ?? today(zone)))}
      />
      {open ? (
        <Suspense fallback={shown}>
          <Calendar day={day} onChoose={choose} onClose={() => setOpen(false)} />
        </Suspense>
      ) : (
        shown
      )}
      <Button
        icon={<RightOutlined />}
        aria-label={say('dayAfter')}
        title={say('dayAfter')}
        disabled={!next || next.isAfter(today(zone))}
        onClick={() => next && onChoose(bizdateOf(next))}
      />
    </Flex>
  );
}
