import { Keys } from '../keys';
import type { Person } from '../person';
import { ensure, type Scenario, type Scene, step } from '../scenario';
import { untilSaved } from '../ways';

let keys: Keys;

async function makeSource(
  person: Person,
  type: string,
  name: string,
  label: string,
  path: string,
): Promise<void> {
  await keys.tabTo('New data source');
  await keys.press('Enter');
  await person.page.getByRole('dialog').waitFor();
  await person.sees('What is it?');
  await keys.tabTo(new RegExp(`^${type}`));
  await keys.press('Enter');
  await person.page.getByLabel('Name').first().waitFor();
  await keys.tabTo('Name', 'Tab', 20);
  await keys.type(name);
  await keys.tabTo(label);
  await keys.type(path);
  await keys.press('Enter');
  await person.sees(`The data source ${name} was made.`);
  await person.page.getByRole('dialog').waitFor({ state: 'hidden' });
}

async function chooseEnd(person: Person, type: string, name: string, key: string): Promise<void> {
  await keys.tabTo('Data source type');
  await keys.choose(type);
  await keys.tabTo('Data source');
  await keys.choose(name);
  await person.sees(key);
}

export const keyboard: Scenario = {
  name: 'keyboard',
  steps: [
    step('logs in', async ({ person, told }) => {
      keys = new Keys(person.page);
      await person.open('/login');
      await person.seesHeading('Log in to Godwit');
      await keys.type('ann');
      await keys.tabTo('Password', 'Tab', 5);
      await keys.type(told('password'));
      await keys.press('Enter');
      await person.seesHeading('Projects');
    }),
    step('goes straight to the content', async ({ person }) => {
      await keys.tabTo('Skip to content', 'Tab', 40);
      await keys.press('Enter');
      const isThere = () =>
        person.page.evaluate(
          () =>
            document.activeElement?.closest('#content') !== null || document.activeElement?.id === 'content',
        );
      ensure(await isThere(), 'the link to the content does not lead there');
    }),
    step('makes a project', async ({ person }) => {
      await keys.tabTo('New project');
      await keys.press('Enter');
      await person.page.getByRole('dialog', { name: 'New project' }).waitFor();
      await person.until('the name has the focus', async () => (await keys.stop()).name === 'Name');
      await keys.type('by keys');
      await keys.press('Enter');
      await person.seesHeading('Data sources');
    }),
    step('makes data sources', async ({ person, told }) => {
      await makeSource(person, 'SQLite', 'shop', 'File', told('file'));
      await makeSource(person, 'Lake', 'lake', 'Folder', told('lake'));
    }),
    step('begins a migration', async ({ person }) => {
      await keys.tabTo('Database Migration');
      await keys.press('Enter');
      await person.seesHeading('Offline database migration');
      await keys.tabTo('New migration');
      await keys.press('Enter');
      await person.page.getByRole('dialog', { name: 'New migration' }).waitFor();
      await keys.tabTo('Folder name', 'Tab', 10);
      await keys.type('by keys');
      await keys.press('Enter');
      await person.seesHeading('by keys');
    }),
    step('chooses source and target', async ({ person }) => {
      await chooseEnd(person, 'SQLite', 'shop', 'Time zone');
      await chooseEnd(person, 'Lake', 'lake', 'Loading policy');
    }),
    step('selects all tables', async ({ person }) => {
      await person.page.getByRole('grid', { name: 'Source table' }).waitFor();
      await keys.tabTo('Source table');
      await keys.press('Control+a');
      await person.sees(/^\s*2 pipelines/);
      await untilSaved(person);
    }),
    step('plans', async ({ person }) => {
      await keys.press('Control+Enter');
      await person.sees(/^2 tables would move$/, 60);
    }),
    step('generates', async ({ person }) => {
      await keys.tabTo('Generate pipelines', 'Shift+Tab');
      await keys.press('Enter');
      await person.page.getByRole('dialog', { name: 'Generate pipelines' }).waitFor();
      await person.until('the button has the focus', async () => (await keys.stop()).name === 'Generate');
      await keys.press('Enter');
      await person.sees(/^New 2$/, 60);
    }),
    step('comes back from a dialog to where it was', async ({ person }) => {
      await keys.tabTo('Generate pipelines', 'Shift+Tab');
      await keys.press('Enter');
      await person.page.getByRole('dialog', { name: 'Generate pipelines' }).waitFor();
      await keys.press('Escape');
      await person.page.getByRole('dialog').waitFor({ state: 'hidden' });
      await person.page.waitForTimeout(500);
      const { role, name } = await keys.stop();
      ensure(
        name === 'Generate pipelines',
        `after the dialog the focus is at ${role || 'nothing'} ${name.slice(0, 80)}`,
      );
    }),
    step('walks through pages', async ({ person }) => {
      for (const [link, heading] of [
        ['Dashboard', 'Dashboard'],
        ['Tasks', 'Tasks'],
        ['Publish', 'Publish'],
        ['Metadata Center', 'Metadata Center'],
      ] as const) {
        await keys.tabTo(link);
        await keys.press('Enter');
        await person.seesHeading(heading);
        await person.settled();
        for (let number = 0; number < 25; number += 1) {
          await keys.press('Tab');
          await keys.stop();
        }
      }
    }),
    step('would notice a focus that is not seen', async (scene: Scene) => {
      const { figures, person } = scene;
      Object.assign(figures, { stops: keys.stops, unseen: [...keys.unseen] });
      await person.page.evaluate(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync('* { outline: none !important; box-shadow: none !important; }');
        document.adoptedStyleSheets = [sheet];
      });
      const blind = new Keys(person.page);
      await blind.tabTo('Dashboard');
      figures.planted = blind.unseen.size;
      ensure(blind.unseen.size > 0, 'a focus that nobody sees is not noticed');
    }),
  ],
};
