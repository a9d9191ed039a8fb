export type Step = 'rejected' | 'migration' | 'metadata' | 'sources' | 'log';

const OF_THE_CONNECTION =
  /^(UNREACHABLE|CONNECTION_|AUTH_|TLS_|TOO_MANY_CONNECTIONS|FEW_CONNECTIONS|DATABASE_MISSING|SECRET_|NO_RIGHT|SERVER_|CANNOT_OPEN|NOT_A_DATABASE|CATALOG_)/;
const OF_THE_SOURCE_TABLE =
  /^(TABLE_NOT_FOUND|TABLE_MISSING|TABLE_CHANGED|SCHEMA_MISSING|DRIFT|COLUMN_|UNDEFINED_COLUMN|FILTER_COLUMN_MISSING|VIEW_BROKEN)/;

/** Where to look after a failure with this code, the likeliest place first. */
export function nextSteps(code: string | null): readonly Step[] {
  if (code === null) return ['log'];
  if (code === 'TOO_MANY_REJECTED') return ['rejected', 'migration'];
  if (OF_THE_CONNECTION.test(code)) return ['sources', 'log'];
  if (OF_THE_SOURCE_TABLE.test(code)) return ['metadata', 'migration'];
  return ['migration', 'log'];
}
