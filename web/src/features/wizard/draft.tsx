import { createContext, useContext } from 'react';
import type { Schemas } from '@/api/client';
import type { Connector } from '@/forms/connectors';

/**
 * What a person has chosen so far: the `migration` of a migration file, without its name, in which anything may
 * still be missing. Options of the connectors stand beside the keys of `source` and `destination`.
 */
export interface Draft {
  source?: { 'data-source'?: string; schemas?: string[]; 'time-zone'?: string } & Record<string, unknown>;
  destination?: { 'data-source'?: string; namespace?: string; 'loading-policy'?: string } & Record<
    string,
    unknown
  >;
  tables?: Schemas['TableSelection'];
  names?: Partial<Schemas['NameRules']>;
  'task-names'?: string;
  'existing-tables'?: Schemas['ExistingTables'];
  recreate?: Schemas['TableReference'][];
  each?: Schemas['TableException'][];
  method?: { kind?: Schemas['MethodKind']; partition?: Schemas['PartitionChoice'] | null };
  filter?: Schemas['Filters'];
  parameters?: Record<string, string | number | boolean>;
  schedule?: Partial<Schemas['Schedule']>;
  run?: Partial<Schemas['RunPolicy']>;
  consistency?: Schemas['Consistency'];
  verify?: Schemas['Verify'];
  'rejected-rows'?: Partial<Schemas['RejectedRows']>;
  drift?: Schemas['Drift'];
  'empty-overwrite'?: Schemas['EmptyOverwrite'];
  'shrunken-load'?: Schemas['ShrunkenLoad'];
  'on-lost-snapshot'?: Schemas['OnLostSnapshot'];
  [key: string]: unknown;
}

type Tree = { [key: string]: unknown };

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The draft with another value at a path; without the key where the value is undefined, and without what is
 * empty then. What is not on the path stays the same object.
 */
export function put(draft: Draft, path: readonly string[], value: unknown): Draft {
  const set = (tree: Tree, [key, ...rest]: readonly string[]): Tree => {
    if (key === undefined) return tree;
    const inner = rest.length === 0 ? value : set(isTree(tree[key]) ? tree[key] : {}, rest);
    const empty =
      inner === undefined || (rest.length > 0 && isTree(inner) && Object.keys(inner).length === 0);
    if (!empty) return { ...tree, [key]: inner };
    const { [key]: _, ...others } = tree;
    return others;
  };
  return set(draft, path) as Draft;
}

/**
 * Fields are found by what findings say of them: an element with `data-at="migration.filter.daily"` is shown and
 * focused for findings at that path, and below it.
 */
export interface DraftContext {
  /** The migration's id, name. */
  id: string;
  name: string;
  draft: Draft;
  /** Changes the draft; it is saved, checked, and shown everywhere soon after. */
  change: (update: (draft: Draft) => Draft) => void;
  /** What the service says of the draft, as it was last checked. */
  findings: readonly Schemas['Finding'][];
  /** The two data sources, once both are chosen and known. */
  source?: Schemas['DataSourceShown'];
  destination?: Schemas['DataSourceShown'];
  /** What the types of the two data sources can do, once they are known. */
  reads?: Connector;
  writes?: Connector;
  /** Whether the person may change it. */
  mayEdit: boolean;
}

const Context = createContext<DraftContext | null>(null);
export const DraftProvider = Context.Provider;

export function useDraft(): DraftContext {
  const draft = useContext(Context);
  if (draft === null) throw new Error('there is no draft here');
  return draft;
}
