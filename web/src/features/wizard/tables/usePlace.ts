import { useMemo } from 'react';
import { useDraft } from '../draft';
import { placeOf } from './reference';

/** What references without a schema mean, the same object as long as it says the same. */
export function usePlace() {
  const { draft, source, reads } = useDraft();
  const schemas = draft.source?.schemas;
  return useMemo(() => placeOf({ source: { schemas } }, source, reads), [schemas, source, reads]);
}
