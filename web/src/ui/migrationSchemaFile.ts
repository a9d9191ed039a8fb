// Beside `migrationSchema.ts`, so that it becomes a file of its own, which comes when it is asked for.
import file from '../../../docs/migration.schema.json';

export default file;
