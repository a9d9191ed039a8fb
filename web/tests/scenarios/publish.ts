import { escaped, type Person } from '../person';
import { ensure, type Scenario, step } from '../scenario';
import {
  chooseEnd,
  collect,
  generate,
  goTo,
  makeMigration,
  makeProject,
  plan,
  tickTables,
  untilSaved,
} from '../ways';

/** Makes a data source for both environments, each with its own folder. */
async function makeBoth(
  person: Person,
  type: string,
  name: string,
  label: string,
  places: string[],
): Promise<void> {
  await person.press('New data source');
  const drawer = person.page.getByRole('dialog', { name: /^New data source/ });
  await drawer.getByRole('button', { name: type, exact: true }).click();
  await person.within(drawer, async () => {
    await person.fill('Name', name);
    await drawer.getByLabel(new RegExp(`^${label}.*\\(Production\\)`)).fill(places[0] ?? '');
    await drawer.getByLabel(new RegExp(`^${label}.*\\(Development\\)`)).fill(places[1] ?? '');
    await person.press('Create');
  });
  await person.sees(`The data source ${name} was made.`);
  await drawer.waitFor({ state: 'hidden' });
}

async function runIn(person: Person, environment: 'Production' | 'Development', task: string): Promise<void> {
  await goTo(person, 'Tasks', 'Tasks');
  await person.switchTo(environment);
  await person
    .row(task)
    .getByRole('button', { name: /^Run now/ })
    .click();
  await person.inDialog(/^Run /, () => person.press('Run now'));
  await person.get('heading', new RegExp(`^${escaped(task)} · `)).waitFor();
  await person.sees(/^Succeeded$/, 90);
  await person.sees(new RegExp(`^${environment}$`));
}

export const publish: Scenario = {
  name: 'publish',
  steps: [
    step('makes a project of two environments', async ({ person, told }) => {
      await person.logIn('ann', told('password'));
      await makeProject(person, 'shop', { mode: 'Dev-Prod' });
    }),
    step('makes data sources for both', async ({ person, job }) => {
      await makeBoth(person, 'SQLite', 'shop', 'File', job.data.sources as string[]);
      await makeBoth(person, 'Lake (Apache Iceberg)', 'lake', 'Folder', job.data.lakes as string[]);
      await collect(person, 'shop');
    }),
    step('generates pipelines', async ({ person }) => {
      await makeMigration(person, 'shop_to_lake');
      await chooseEnd(person, 'Synchronization source', { type: 'SQLite', name: 'shop' });
      await chooseEnd(person, 'Synchronization target', { type: 'Lake (Apache Iceberg)', name: 'lake' });
      await tickTables(person, ['visits']);
      await untilSaved(person);
      await plan(person, 1);
      await generate(person, 1);
    }),
    step('submits the pipeline on its page', async ({ person }) => {
      await person.within(person.region('Run results'), () => person.get('link', /visits/).click());
      await person.press('Submit');
      await person.inDialog(/^Submit/, async () => {
        await person.fill('Remark', 'the first');
        await person.press('Submit');
        await person.sees('1 went out');
        await person.press('Close');
      });
    }),
    step('runs it in development', async ({ person, told }) => runIn(person, 'Development', told('task'))),
    step('sees that production has nothing of it', async ({ person, outside, figures }) => {
      figures.before = await outside('lakes');
      await goTo(person, 'Tasks', 'Tasks');
      await person.switchTo('Production');
      await person.sees('No task');
    }),
    step('publishes it', async ({ person, told }) => {
      await goTo(person, 'Publish', 'Publish');
      await person.row(told('task')).getByRole('checkbox').check();
      await person.press('Publish 1');
      await person.inDialog('Publishing', async () => {
        await person.sees('1 went out');
        await person.press('Close');
      });
      await person.sees('Nothing waits to be published');
    }),
    step('changes it, and submits the change', async ({ person }) => {
      await goTo(person, 'Pipelines and scripts', 'Pipelines and scripts');
      // The only folder is open already.
      await person.page.getByRole('tree').getByText('main.visits', { exact: true }).first().click();
      const filter = person.page.getByRole('textbox', { name: /^Filter/ }).first();
      await filter.click();
      await person.page.keyboard.press('Control+a');
      await person.page.keyboard.insertText('id < 9000');
      await person.press('Save and submit');
      await person.inDialog(/^Submit/, async () => {
        await person.press('Submit');
        await person.sees('1 went out');
        await person.press('Close');
      });
    }),
    step('sees what differs from production, and publishes it, too', async ({ person, told, figures }) => {
      await goTo(person, 'Publish', 'Publish');
      await person.get('button', `Show what differs in ${told('task')}`).click();
      await person.sees('id < 9000');
      figures.differs = 'id < 9000';
      await person.row(told('task')).getByRole('checkbox').check();
      await person.press('Publish 1');
      await person.inDialog('Publishing', async () => {
        await person.sees('1 went out');
        await person.press('Close');
      });
    }),
    step('runs it in production', async ({ person, told, figures }) => {
      await runIn(person, 'Production', told('task'));
      ensure(figures.before, 'nobody looked into the lakes before');
    }),
    step('finds both in the history', async ({ person }) => {
      await goTo(person, 'Publish', 'Publish');
      await person.click('tab', 'History');
      await person.sees('Publication');
      await person.sees('Submission');
    }),
  ],
};
