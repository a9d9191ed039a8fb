import { DatePicker } from 'antd';
import { useProject } from '@/app/project';
import { bizdateOf, pickedOf, today } from '../common/dates';
import { useDashboardTexts } from './texts';

/** A calendar that is open as long as it is there. */
export default function Calendar({
  day,
  onChoose,
  onClose,
}: {
  day: string;
  onChoose: (day: string) => void;
  onClose: () => void;
}) {
  const say = useDashboardTexts();
  const zone = useProject()['time-zone'];
  return (
    <DatePicker
      open
      autoFocus
      allowClear={false}
      aria-label={say('day')}
      value={pickedOf(day)}
      maxDate={today(zone)}
      style={{ width: 140 }}
      onChange={(picked) => picked && onChoose(bizdateOf(picked))}
      onOpenChange={(open) => !open && onClose()}
    />
  );
}
