import type { DataSource, Finding, Tested, Written } from './data';

/** A data source as far as it is filled in. */
export interface Draft {
  name: string;
  type: string;
  options: Record<string, unknown>;
  /** What differs in development; none where it is for production alone. */
  development: Record<string, unknown> | null;
  description: string;
  tags: string[];
  code: string;
  connections: number | null;
}

export function emptyDraft(type: string, hasDevelopment: boolean): Draft {
  return {
    name: '',
    type,
    options: {},
    development: hasDevelopment ? {} : null,
    description: '',
    tags: [],
    code: '',
    connections: null,
  };
}

export function draftOf(source: DataSource): Draft {
  return {
    name: source.name,
    type: source.type,
    options: source.options,
    development: source.development ?? null,
    description: source.description ?? '',
    tags: source.tags ?? [],
    code: source.code ?? '',
    connections: source.connections ?? null,
  };
}

/** As the service takes it. */
export function writtenOf({ development, code, connections, ...draft }: Draft): Written {
  return {
    ...draft,
    name: draft.name.trim(),
    ...(development === null ? {} : { development }),
    ...(code === '' ? {} : { code }),
    ...(connections === null ? {} : { connections }),
  };
}

const NAME = /^[\p{Alphabetic}\p{N}_-]{1,64}$/u;
const CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Whether the service would take the name, as far as it can be told here. */
export function isName(name: string): boolean {
  return NAME.test(name.trim());
}

export function isCode(code: string): boolean {
  return code === '' || CODE.test(code);
}

const OWN = ['options', 'development', 'name', 'type', 'description', 'tags', 'code', 'connections'];

/** Findings of a test with their whole paths: what a connector says of its options names them alone. */
export function placed(findings: readonly Finding[], environment: 'production' | 'development'): Finding[] {
  const before = environment === 'production' ? 'options' : 'development';
  return findings.map((finding) => {
    const first = finding.at.split(/[.[]/)[0] ?? '';
    return first === '' || OWN.includes(first) ? finding : { ...finding, at: `${before}.${finding.at}` };
  });
}

/** Whether all there is to say is that nothing was written there yet: the first load makes it. */
export function isNotYet({ reachable, findings }: Tested): boolean {
  return reachable && findings.length > 0 && findings.every(({ code }) => code === 'NO_CATALOG');
}
