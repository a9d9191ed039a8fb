import Feedback from '@/ui/Feedback';
import { ActDialog } from '../common/ActDialog';
import type { InstanceLine } from '../common/types';

/** Asks before these run again. It stays, empty, to say what was done. */
export default function Rerun({ lines, onClose }: { lines: readonly InstanceLine[]; onClose: () => void }) {
  return <Feedback>{lines.length > 0 && <ActDialog act="rerun" lines={lines} onClose={onClose} />}</Feedback>;
}
