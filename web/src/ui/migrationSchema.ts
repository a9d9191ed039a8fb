import { useQuery } from '@tanstack/react-query';
import type { JsonSchema } from '@/forms/schema';

/** Of which text the schema is asked: a whole migration file, a script (`migration` alone at its top), or what stands under it. */
export type SchemaOf = 'file' | 'script' | 'migration';

/** The JSON Schema of migrations; it comes when it is first asked for. */
export function useMigrationSchema(of: SchemaOf): JsonSchema | undefined {
  const file = useQuery({
    queryKey: ['migration-schema'],
    queryFn: async () => (await import('./migrationSchemaFile')).default as unknown as JsonSchema,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const made = useQuery({
    queryKey: ['migration-schema', of],
    enabled: file.data !== undefined,
    queryFn: () => narrowed(file.data ?? {}, of),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return made.data;
}

function narrowed(file: JsonSchema, of: SchemaOf): JsonSchema {
  const migration = file.properties?.migration;
  if (of === 'file' || migration === undefined) return file;
  if (of === 'migration') return { ...migration, $defs: file.$defs };
  return { type: 'object', properties: { migration }, required: ['migration'], $defs: file.$defs };
}
