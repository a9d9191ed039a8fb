import { ensure, type Scenario, type Scene, step } from '../scenario';
import { fillSource, makeProject, type SourceGiven, sourceOf } from '../ways';

function drawerOf({ person }: Scene) {
  return person.page.getByRole('dialog', { name: /^New data source/ });
}

/** Tries the connection with this instead, and sees why it does not work. */
async function tryWith(scene: Scene, label: string, text: string, reason: RegExp): Promise<void> {
  const { person, figures } = scene;
  await person.within(drawerOf(scene), async () => {
    await person.fill(label, text);
    await person.press('Test connection');
    await person.sees('The connection does not work.', 60);
    await person.sees(reason);
  });
  const said = await drawerOf(scene).getByRole('listitem').allInnerTexts();
  figures.reasons = [
    ...((figures.reasons as string[]) ?? []),
    ...said.map((one) => one.replace(/\s+/g, ' ')),
  ];
}

export const failingSource: Scenario = {
  name: 'failing-source',
  steps: [
    step('makes a project', async ({ person, told }) => {
      await person.logIn('ann', told('password'));
      await makeProject(person, 'shop');
    }),
    step('is told which fields are needed', async (scene) => {
      const { person, job } = scene;
      const given = sourceOf(job.data.postgres);
      await fillSource(person, { ...given, name: '', options: {} });
      await person.within(drawerOf(scene), async () => {
        await person.press('Create');
        await person.sees('Give it a name.');
        await person.sees('Some fields need attention.');
        for (const [label, text] of Object.entries({ Name: given.name, ...given.options })) {
          await person.fill(label, text);
        }
      });
    }),
    step('sees that nobody is at the address', async (scene) => {
      await tryWith(scene, 'Port', scene.told('closed'), /refused|reach|connect/i);
    }),
    step('sees that there is no such host', async (scene) => {
      await tryWith(scene, 'Host', 'nowhere.invalid', /nowhere\.invalid|resolve|name/i);
    }),
    step('sees that the password is wrong', async (scene) => {
      const { options } = sourceOf(scene.job.data.postgres);
      const { person } = scene;
      await person.within(drawerOf(scene), async () => {
        await person.fill('Host', options.Host ?? '');
        await person.fill('Port', options.Port ?? '');
      });
      await tryWith(scene, 'Password', 'not the password', /password|authentication/i);
    }),
    step('keeps nothing of what does not work', async ({ outside, figures }) => {
      const { count } = await outside('data sources');
      figures.kept = count;
      ensure(count === 0, `${count} data sources are kept though none was made`);
    }),
    step('mends it, sees that it works, and makes it', async (scene) => {
      const { person, job } = scene;
      const given: SourceGiven = sourceOf(job.data.postgres);
      await person.within(drawerOf(scene), async () => {
        await person.fill('Password', given.options.Password ?? '');
        await person.sees('Changed since the test; test it again.');
        await person.press('Test connection');
        await person.sees('The connection works.');
        await person.press('Create');
      });
      await person.sees(`The data source ${given.name} was made.`);
    }),
    step('does not see the password again', async ({ person, job, figures }) => {
      const given = sourceOf(job.data.postgres);
      await person.press(given.name);
      const drawer = person.page.getByRole('dialog', { name: `Data source ${given.name}` });
      await drawer.getByText('Connection').first().waitFor();
      await drawer.getByRole('button', { name: 'Replace' }).waitFor();
      const values = await drawer
        .locator('input')
        .evaluateAll((inputs) => inputs.map((one) => (one as HTMLInputElement).value));
      figures.shown = values.filter((value) => value !== '');
      const { Password: password = '' } = given.options;
      ensure(!values.some((value) => value.includes(password)), 'a password comes back to the page');
      ensure(!(await person.page.content()).includes(password), 'a password stands in the page');
    }),
    step('cannot take a name twice', async (scene) => {
      const { person, job } = scene;
      person.watch.mayRefuse(/^POST .*\/data-sources$/);
      const given = sourceOf(job.data.postgres);
      await person.page.keyboard.press('Escape');
      await person.page.getByRole('dialog').first().waitFor({ state: 'hidden' });
      await fillSource(person, given);
      await person.within(drawerOf(scene), async () => {
        await person.press('Create');
        await person.sees(new RegExp(`${given.name}.*|taken`, 'i'));
      });
      ensure(await drawerOf(scene).isVisible(), 'a name is taken twice');
    }),
  ],
};
