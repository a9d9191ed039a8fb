import { escaped, type Person } from './person';
import { ensure } from './scenario';

/** What people do on more than one occasion, each as they would do it. */

export interface SourceGiven {
  /** As the cards of types are called: `PostgreSQL`. */
  type: string;
  name: string;
  /** What is filled in, by its label. */
  options: Record<string, string>;
}

export function sourceOf(value: unknown): SourceGiven {
  ensure(typeof value === 'object' && value !== null && 'options' in value, 'the job tells no data source');
  return value as SourceGiven;
}

export async function goTo(person: Person, place: string, heading: string): Promise<void> {
  await person.within(person.page.getByRole('navigation', { name: 'Main navigation' }), () =>
    person.follow(place),
  );
  await person.seesHeading(heading);
}

export async function makeProject(
  person: Person,
  name: string,
  { zone = 'UTC', mode = 'Basic' }: { zone?: string; mode?: string } = {},
): Promise<void> {
  await goTo(person, 'Projects', 'Projects');
  await person.press('New project');
  await person.inDialog('New project', async () => {
    await person.fill('Name', name);
    await person.pick(mode);
    await person.choose('Scheduling time zone', zone);
    await person.press('Create project');
  });
  await person.seesHeading('Data sources');
}

/** Opens the form of a new data source and fills it in. */
export async function fillSource(person: Person, { type, name, options }: SourceGiven): Promise<void> {
  await person.press('New data source');
  const drawer = person.page.getByRole('dialog', { name: /^New data source/ });
  await drawer.getByRole('button', { name: type, exact: true }).click();
  await person.within(drawer, async () => {
    await person.fill('Name', name);
    for (const [label, text] of Object.entries(options)) await person.fill(label, text);
  });
}

export async function makeSource(person: Person, given: SourceGiven, seen: string): Promise<void> {
  await fillSource(person, given);
  const drawer = person.page.getByRole('dialog', { name: /^New data source/ });
  await person.within(drawer, async () => {
    await person.press('Test connection');
    await person.sees(seen);
    await person.press('Create');
  });
  await person.sees(`The data source ${given.name} was made.`);
  await drawer.waitFor({ state: 'hidden' });
}

export async function collect(person: Person, name: string): Promise<void> {
  // The one that is shown first may be a lake that nothing was written to yet.
  person.watch.mayRefuse(/^(POST|GET) .*\/(metadata\/search|schemas)$/);
  await goTo(person, 'Metadata Center', 'Metadata Center');
  const listed = person.page
    .getByRole('navigation', { name: 'Data sources' })
    .getByRole('button', { name: new RegExp(`^${escaped(name)}\\b`) });
  await listed.click();
  await person.get('heading', name).waitFor();
  await person.press('Collect');
  await person.sees(/\d+ tables? collected/);
  await listed.filter({ hasText: /Collected \d{4}-/ }).waitFor();
}

export async function makeMigration(person: Person, name: string): Promise<void> {
  await goTo(person, 'Database Migration', 'Offline database migration');
  await person.press('New migration');
  await person.inDialog('New migration', async () => {
    await person.fill('Folder name', name);
    await person.press('Create');
  });
  await person.seesHeading(name);
}

/** A section of a migration, by the name of it. */
export async function section(person: Person, name: string, act: () => Promise<void>): Promise<void> {
  const place = person.page.getByRole('region', { name: new RegExp(`^\\d\\. ${escaped(name)}$`) });
  await place.scrollIntoViewIfNeeded();
  await person.within(place, act);
}

export async function chooseEnd(
  person: Person,
  end: 'Synchronization source' | 'Synchronization target',
  { type, name }: { type: string; name: string },
): Promise<void> {
  await section(person, 'Data sources', () =>
    person.within(person.region(end), async () => {
      await person.choose('Data source type', type);
      await person.choose('Data source', name);
    }),
  );
}

export async function tickTables(person: Person, tables: readonly string[]): Promise<void> {
  await section(person, 'Data synchronization', async () => {
    for (const table of tables) {
      await person.fill(/^Search.*case-sensitive/i, table);
      await person.row(table).getByText(table).first().click();
    }
    await person.fill(/^Search.*case-sensitive/i, '');
    await person.sees(new RegExp(`^\\s*${tables.length} pipelines?`));
    await person.page.waitForTimeout(600); // until the address has the search
  });
}

export async function untilSaved(person: Person): Promise<void> {
  await person.until('the migration is saved', async () => {
    const state = await person.page.locator('[data-save]').getAttribute('data-save');
    return state === 'saved';
  });
}

/** Plans a migration, and waits for what comes of it. */
export async function plan(person: Person, tables: number): Promise<void> {
  await section(person, 'Plan and generate', async () => {
    await person.get('button', /^Plan( again)?$/).click();
    await person.sees(new RegExp(`^${tables} tables? would move$`), 60);
  });
}

export async function generate(person: Person, pipelines: number): Promise<void> {
  await person.press('Generate pipelines');
  await person.inDialog('Generate pipelines', () => person.press('Generate'));
  await person.within(person.region('Run results'), async () => {
    await person.sees(new RegExp(`^New ${pipelines}$`), 60);
  });
}

/** Submits all pipelines of a Basic project that are not live yet. */
export async function submitAll(person: Person, count: number): Promise<void> {
  await goTo(person, 'Publish', 'Publish');
  await person.get('checkbox', 'Pipeline').check();
  await person.press(`Submit ${count}`);
  await person.inDialog(/^Submit /, async () => {
    await person.fill('Remark', 'the first');
    await person.press('Submit');
    await person.sees(`${count} went out`);
    await person.press('Close');
  });
}

/** Runs a task for a business date, and waits on its page until it has ended. */
export async function runTask(
  person: Person,
  task: string,
  day: string,
  end: 'Succeeded' | 'Failed' = 'Succeeded',
): Promise<void> {
  await goTo(person, 'Tasks', 'Tasks');
  await person
    .row(task)
    .getByRole('button', { name: /^Run now/ })
    .click();
  await person.inDialog(/^Run /, async () => {
    await person.day('Business date', day);
    await person.press('Run now');
  });
  await person.get('heading', new RegExp(`^${escaped(task)} · `)).waitFor();
  await person.sees(new RegExp(`^${end}$`), 90);
}
