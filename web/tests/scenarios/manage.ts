import { escaped } from '../person';
import { type Scenario, step } from '../scenario';
import { goTo } from '../ways';

/** What is done with pipelines and tasks once they are there. */
export const manage: Scenario = {
  name: 'manage',
  steps: [
    step('tries a pipeline before it runs', async ({ person, told }) => {
      await person.logIn('ann', told('password'));
      await person.open(told('project'));
      await goTo(person, 'Pipelines and scripts', 'Pipelines and scripts');
      await person.page.getByRole('tree').getByText(told('pipeline'), { exact: true }).first().click();
      await person.click('tab', 'Trial run');
      await person.press('Try');
      await person.sees('First rows', 60);
      await person.sees('note 7');
    }),
    step('makes a pipeline in a folder', async ({ person, told }) => {
      await person.menu(`Actions for the folder ${told('folder')}`, 'New batch pipeline');
      await person.inDialog(/^New batch pipeline/, async () => {
        await person.fill('Name', 'by hand');
        await person.choose('Source', 'source');
        await person.choose('Target', 'target');
        await person.fill('Source table', 'main.calls');
        await person.page.keyboard.press('Escape');
        await person.press('Create');
      });
      await person.get('heading', /by hand$/).waitFor();
    }),
    step('makes a script, and is told what is wrong with it', async ({ person, told }) => {
      await person.menu(`Actions for the folder ${told('folder')}`, 'New batch script');
      await person.inDialog(/^New batch script/, async () => {
        await person.fill('Name', 'a script');
        await person.press('Create');
      });
      await person.get('heading', /a script$/).waitFor();
      await person.click('tab', 'Script');
      const editor = person.page.getByRole('textbox', { name: /script/i }).first();
      await editor.click();
      await person.page.keyboard.press('Control+End');
      await person.page.keyboard.insertText('  nobody: knows this\n');
      await person.sees(/nobody/);
      await person.press('Undo changes');
    }),
    step('makes a folder, and moves a pipeline there', async ({ person }) => {
      await person.press('New folder');
      await person.inDialog('New folder', async () => {
        await person.fill('Name', 'another');
        await person.press('Create');
      });
      await person.menu('More actions', 'Move');
      await person.inDialog('Move to another folder', async () => {
        await person.choose(/pipeline goes to/, 'another');
        await person.press('Move');
      });
      await person.sees('1 pipeline moved');
    }),
    step('deletes a folder only by its name', async ({ person, figures }) => {
      await person.menu('Actions for the folder another', 'Delete');
      await person.inDialog('Delete folder', async () => {
        await person.sees(/1 pipeline or script/);
        const button = person.get('button', 'Delete');
        figures.held = await button.isDisabled();
        await person.fill(/To go on, type/, 'another');
        await button.click();
      });
    }),
    step('suspends a task, and lets it go on', async ({ person, told }) => {
      await goTo(person, 'Tasks', 'Tasks');
      const row = person.row(told('task'));
      await row.getByRole('button', { name: /^More/ }).click();
      await person.page.getByRole('menuitem', { name: 'Suspend' }).filter({ visible: true }).click();
      await person.within(person.page.getByRole('dialog'), () => person.press('Suspend'));
      await row.getByText('Suspended', { exact: true }).waitFor();
      await row.getByRole('button', { name: /^More/ }).click();
      await person.page.getByRole('menuitem', { name: 'Resume' }).filter({ visible: true }).click();
      await row.getByText('Suspended', { exact: true }).waitFor({ state: 'detached' });
    }),
    step('fills the days before in groups side by side', async ({ person, told }) => {
      await person
        .row(told('task'))
        .getByRole('button', { name: /^Backfill/ })
        .click();
      await person.inDialog(/Backfill/, async () => {
        const [first, last] = [told('first'), told('last')];
        const range = person.page.getByRole('dialog').locator('input[date-range]');
        await range.first().click();
        await range.first().fill(first);
        await person.page.keyboard.press('Enter');
        await range.last().fill(last);
        await person.page.keyboard.press('Enter');
        await person.fill('Groups side by side', '2');
        await person.sees(/Makes 3 instances/);
        await person.press('Start backfill');
      });
      await person.sees(/3 of 3 done/, 90);
      await person.page.keyboard.press('Escape');
      await person.page.getByRole('dialog').waitFor({ state: 'hidden' });
    }),
    step('finds its instances in the list, filtered', async ({ person, told }) => {
      await goTo(person, 'Instances', 'Instances');
      await person.row(told('task'), 'Backfill').waitFor();
      await person
        .row(told('task'))
        .getByRole('link', { name: told('task') })
        .click();
      await person.get('heading', new RegExp(`^${escaped(told('task'))} · `)).waitFor();
    }),
    step('reads its figures, its log and what it depends on', async ({ person }) => {
      await person.sees('Rows per second');
      await person.sees('Rows rejected');
      await person.get('button', 'Copy the log').waitFor();
      await person.get('tab', /^Dependencies/).click();
      await person.sees(/It waits for nothing|It waits for/);
    }),
  ],
};
