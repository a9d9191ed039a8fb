import type { Schemas } from '@/api/client';
import type { Connector } from '@/forms/connectors';
import type { Draft } from '../draft';

export type TableId = Schemas['Table'];
export type Reference = Schemas['TableReference'];
type DataSource = Schemas['DataSourceShown'];

/** Tells tables apart: no name of a schema or a table can hold its separator. */
export function keyOf({ schema, table }: TableId): string {
  return `${schema}\0${table}`;
}

export function idOf(key: string): TableId {
  const cut = key.indexOf('\0');
  return { schema: key.slice(0, cut), table: key.slice(cut + 1) };
}

/** What references of a migration without a schema mean, and which schemas are looked into. */
export interface Place {
  /** Schemas that the migration names. */
  schemas: readonly string[];
  /** The schema of the data source itself, where it is known. */
  usual?: string;
  /** Whether that is another one in development: references leave it out then. */
  varies: boolean;
}

/** The schema that a data source of these options reads where a migration names none. */
function usualSchema(reads: Connector | undefined, options: Record<string, unknown>): string | undefined {
  const told = reads?.capabilities.read?.['default-schema'];
  const named = told?.option ? [options[told.option]].flat()[0] : undefined;
  return (typeof named === 'string' && named) || told?.otherwise || undefined;
}

export function placeOf(draft: Draft, source: DataSource | undefined, reads: Connector | undefined): Place {
  const schemas = draft.source?.schemas ?? [];
  if (!source) return { schemas, varies: false };
  const production = usualSchema(reads, source.options);
  const development = usualSchema(reads, { ...source.options, ...source.development });
  return {
    schemas,
    usual: source.development ? development : production,
    varies: production !== development,
  };
}

/** The table that a reference means. `having` tells in which of several schemas there is such a table. */
export function resolve(reference: Reference, place: Place, having?: (id: TableId) => boolean): TableId {
  if (typeof reference !== 'string') return reference;
  const dot = reference.indexOf('.');
  if (dot >= 0) return { schema: reference.slice(0, dot), table: reference.slice(dot + 1) };
  const found = place.schemas.find((schema) => having?.({ schema, table: reference }));
  return { schema: found ?? place.schemas[0] ?? place.usual ?? '', table: reference };
}

/** The shortest reference that means this table and no other. */
export function referenceOf(id: TableId, place: Place): Reference {
  const { schema, table } = id;
  if (schema.includes('.') || table.includes('.')) return { schema, table };
  const isUsual = place.schemas.length === 0 && schema === place.usual;
  return schema === '' || (isUsual && place.varies) ? table : `${schema}.${table}`;
}
