import { readFileSync } from 'node:fs';
import { escaped } from '../person';
import { ensure, type Scenario, step } from '../scenario';
import { goTo } from '../ways';

export const failedInstance: Scenario = {
  name: 'failed-instance',
  steps: [
    step('sees in the morning that one failed, and why', async ({ person, told, figures }) => {
      await person.logIn('ann', told('password'));
      await person.open(told('project'));
      await goTo(person, 'Dashboard', 'Dashboard');
      await person.sees(/1 of \d+ instances failed/);
      await person.within(person.region('What failed'), async () => {
        await person.get('link', told('task')).waitFor();
        figures.code = await person.page
          .getByRole('region', { name: 'What failed' })
          .getByRole('code')
          .first()
          .innerText();
      });
    }),
    step('opens it, and is told what helps', async ({ person, told, figures }) => {
      await person.within(person.region('What failed'), () => person.follow(told('task')));
      await person.get('heading', new RegExp(`^${escaped(told('task'))} · `)).waitFor();
      const alert = person.page.getByRole('alert').filter({ hasText: /^Failed: / });
      await alert.waitFor();
      await alert.getByText(String(figures.code)).first().waitFor();
      figures.message = (await alert.innerText()).replace(/\s+/g, ' ');
    }),
    step('looks at the rejected rows', async ({ person, told, figures }) => {
      await person.get('tab', /^Rejected rows/).click();
      const table = person.page.getByRole('tabpanel', { name: /^Rejected rows/ });
      await table.getByText(told('value')).first().waitFor();
      await table.getByText(/^\d+ of \d+ rows/).waitFor();
      figures.shown = (await table.getByText(/^\d+ of \d+ rows/).innerText()).replace(/\s+/g, ' ');
    }),
    step('downloads them', async ({ person, figures }) => {
      for (const [name, key] of [
        ['CSV', 'csv'],
        ['JSON lines', 'lines'],
      ] as const) {
        const coming = person.page.waitForEvent('download');
        await person.press(name);
        const path = await (await coming).path();
        figures[key] = readFileSync(path, 'utf8').trim().split('\n');
      }
    }),
    step('reads the log', async ({ person }) => {
      await person.click('tab', 'Log');
      await person.get('button', 'Copy the log').waitFor();
    }),
    step('has the source mended, and runs it again', async ({ person, outside }) => {
      await outside('mend');
      await person.press('Rerun');
      await person.sees(/^Succeeded$/, 60);
    }),
    step('sees its proof, and both attempts', async ({ person }) => {
      await person.click('tab', 'Proof');
      await person.sees('Proven before it was published');
      await person.choose('Attempt', /^Attempt 1 · Failed/);
      await person.sees('Nothing was proven: nothing was published');
    }),
    step('sees that the day is done', async ({ person, figures }) => {
      await goTo(person, 'Dashboard', 'Dashboard');
      await person.sees(/All \d+ instances of the day succeeded|The 1 instance of the day succeeded/);
      await person.within(person.region('What failed'), () => person.sees('Nothing failed on this day.'));
      const lines = figures.lines as string[] | undefined;
      ensure(lines && lines.length > 0, 'nothing was downloaded');
    }),
  ],
};
