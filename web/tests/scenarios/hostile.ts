import { type Ids, placesOf } from '../pages';
import type { Person } from '../person';
import { ensure, type Scenario, type Scene, step } from '../scenario';

interface Looked {
  shown: Record<string, number>;
  wide: string[];
}

/** Nothing that was given as a name or a value became part of the page itself. */
async function clean(person: Person, place: string): Promise<void> {
  const found = await person.page.evaluate(() => {
    const strange = [
      ...document.querySelectorAll('[data-owned], iframe, object, embed, base, marquee, form[action]'),
    ];
    const scripts = [...document.scripts].filter(({ src }) => !src.startsWith(location.origin));
    const images = [...document.images].filter(({ src }) => !src.startsWith(location.origin));
    const handlers = [...document.querySelectorAll('*')].filter((element) =>
      element.getAttributeNames().some((name) => name.startsWith('on')),
    );
    const links = [...document.links].filter(({ protocol }) => protocol !== location.protocol);
    return {
      owned: (window as unknown as { owned?: unknown }).owned,
      elements: [...strange, ...scripts, ...images, ...handlers, ...links].map(({ outerHTML }) =>
        outerHTML.slice(0, 120),
      ),
    };
  });
  ensure(found.owned === undefined, `${place}: a script of theirs ran: ${found.owned}`);
  ensure(found.elements.length === 0, `${place}: theirs stands in the page: ${found.elements[0]}`);
}

async function look({ person, figures }: Scene, place: string): Promise<void> {
  const looked = (figures.looked as Looked | undefined) ?? { shown: {}, wide: [] };
  figures.looked = looked;
  await clean(person, place);
  const { shown, isWide } = await person.page.evaluate(() => {
    const fields = [...document.querySelectorAll('input, textarea')].map(
      (one) => (one as HTMLInputElement).value,
    );
    const text = [document.body.innerText, ...fields].join('\n');
    return {
      shown: text.match(/owned/g)?.length ?? 0,
      isWide: document.documentElement.scrollWidth > window.innerWidth + 1,
    };
  });
  looked.shown[place] = shown;
  if (isWide) looked.wide.push(place);
}

export const hostile: Scenario = {
  name: 'hostile',
  steps: [
    step('sees every page', async (scene) => {
      const { person, job, told } = scene;
      person.watch.mayRefuse(/\/nowhere/);
      await person.logIn('ann', told('password'));
      for (const { name, path } of placesOf(job.data.ids as Ids)) {
        await person.open(path);
        await person.settled();
        await look(scene, name);
      }
    }),
    step('opens every table that is there', async (scene) => {
      const { person, job } = scene;
      const { project, source } = job.data.ids as Ids;
      for (const table of job.data.tables as string[]) {
        const search = new URLSearchParams({ source, in: 'main', table });
        await person.open(`/p/${project}/metadata?${search}`);
        await person.page.getByRole('dialog').waitFor();
        await person.settled();
        await look(scene, `a table of ${table.length} characters`);
      }
    }),
    step('opens every instance, its log, proof and rejected rows', async (scene) => {
      const { person, job } = scene;
      const { project } = job.data.ids as Ids;
      for (const instance of job.data.instances as number[]) {
        for (const tab of ['log', 'proof', 'rejected', 'dependencies']) {
          await person.open(`/p/${project}/instances/${instance}?tab=${tab}`);
          await person.settled();
          await look(scene, `instance ${instance}, ${tab}`);
        }
      }
    }),
    step('opens every pipeline as a form and as a script', async (scene) => {
      const { person, job } = scene;
      const { project } = job.data.ids as Ids;
      for (const pipeline of job.data.pipelines as string[]) {
        await person.open(`/p/${project}/pipelines/${pipeline}`);
        await person.settled();
        await look(scene, 'a pipeline as a form');
        await person.click('tab', 'Script');
        await person.settled();
        await look(scene, 'a pipeline as a script');
      }
    }),
    step('searches for theirs, and plans it', async (scene) => {
      const { person, job } = scene;
      const { project, migration } = job.data.ids as Ids;
      await person.open(`/p/${project}/migrations/${migration}`);
      await person.settled();
      await person.fill(/^Search.*case-sensitive/i, '<img');
      await person.settled();
      await look(scene, 'the wizard, searched');
      await person.get('button', /^Plan( again)?$/).click();
      await person.sees(/tables? would move/, 60);
      await person.settled();
      await look(scene, 'the wizard, planned');
      await person.press('As a file');
      await person.page.getByRole('dialog').waitFor();
      await person.settled();
      await look(scene, 'the wizard, as a file');
    }),
    step('would see a script that ran', async ({ person, figures }) => {
      await person.page.evaluate(() => {
        (window as unknown as { owned: number }).owned = 1;
      });
      figures.planted = await clean(person, 'planted').then(
        () => 0,
        () => 1,
      );
    }),
  ],
};
