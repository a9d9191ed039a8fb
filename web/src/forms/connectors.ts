import { useQuery } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import type { JsonSchema } from './schema';

type Shown = Schemas['ConnectorShown'];

/** What a connector is, what it can do, and what it asks for. */
export interface Connector extends Shown {
  capabilities: { read: ReadCapabilities | null; write: WriteCapabilities | null };
  options: { connection: JsonSchema; read: JsonSchema | null; write: JsonSchema | null };
}

export interface ReadCapabilities {
  filter: boolean;
  splits: boolean;
  schemas: boolean;
  snapshot: string;
  'default-schema': DefaultSchema | null;
}

/** The schema of tables that are named without one, as the connection options tell. */
export interface DefaultSchema {
  /** The option that names it: a text, or a list whose first text is meant. */
  option: string | null;
  /** Where that is left out. */
  otherwise: string | null;
}

export interface WriteCapabilities {
  append: boolean;
  overwrite: boolean;
  update: boolean;
  partitions: boolean;
  'add-columns': boolean;
  /** What becomes of a table's rows where it is made anew; none where it cannot be. */
  recreate: string | null;
  'required-columns': boolean;
  checksums: boolean;
  indexes: boolean;
  visibility: string;
  guarantee: string;
  names: { longest: number; 'lower-case': boolean };
  /** What a namespace is called there. */
  namespace: 'database' | 'folder' | 'namespace' | 'schema';
}

/** All connectors that the service has; they change with its version alone. */
export function useConnectors() {
  return useQuery({
    queryKey: ['connectors'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await call(api.GET('/connectors'))).items as Connector[],
  });
}

/** A connector by its id, as long as the list has come. */
export function useConnector(id: string | undefined): Connector | undefined {
  return useConnectors().data?.find((one) => one.id === id);
}
