/** A page of the product, and where it is for one who is logged in. */
export interface PlaceOf {
  name: string;
  path: string;
  /** What comes over the page: a drawer, a dialog. */
  over?: boolean;
}

export interface Ids {
  project: string;
  migration: string;
  pipeline: string;
  instance: string;
  source: string;
  task?: string;
}

/** Each page once, and what opens by its address over one. */
export function placesOf(ids: Ids): PlaceOf[] {
  const p = `/p/${ids.project}`;
  return [
    { name: 'projects', path: '/projects' },
    { name: 'users', path: '/users' },
    { name: 'resource groups', path: '/resource-groups' },
    { name: 'audit log', path: '/audit' },
    { name: 'account', path: '/account' },
    { name: 'codes', path: '/errors' },
    { name: 'a code', path: '/errors/OUT_OF_RANGE' },
    { name: 'migrations', path: `${p}/migrations` },
    { name: 'a migration', path: `${p}/migrations/${ids.migration}` },
    { name: 'pipelines', path: `${p}/pipelines` },
    { name: 'a pipeline', path: `${p}/pipelines/${ids.pipeline}` },
    { name: 'publish', path: `${p}/publish` },
    { name: 'data sources', path: `${p}/data-sources` },
    { name: 'a data source', path: `${p}/data-sources?open=${ids.source}`, over: true },
    { name: 'a new data source', path: `${p}/data-sources?open=new`, over: true },
    { name: 'metadata', path: `${p}/metadata?source=${ids.source}` },
    { name: 'dashboard', path: `${p}/dashboard` },
    { name: 'tasks', path: `${p}/tasks` },
    { name: 'instances', path: `${p}/instances` },
    { name: 'an instance', path: `${p}/instances/${ids.instance}` },
    { name: 'backfills', path: `${p}/backfills` },
    { name: 'alerts', path: `${p}/alerts` },
    { name: 'settings', path: `${p}/settings` },
    { name: 'no page', path: '/nowhere' },
  ];
}
