import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Ids, placesOf } from '../pages';
import type { Person } from '../person';
import { ensure, type Scenario, type Scene, step } from '../scenario';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  rule: string;
  impact: string;
  where: string[];
}

interface Seen {
  violations: Violation[];
  rules: number;
}

/** What axe finds on what is shown now, of the two graver kinds; and how many of its rules applied. */
export async function axe(person: Person): Promise<Seen> {
  await person.page.evaluate(AXE);
  return person.page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const found = await axe.run(document, { resultTypes: ['violations'] });
    const grave = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return {
      rules: found.passes.length + found.violations.length,
      violations: grave.map(({ id, impact, nodes }) => ({
        rule: id,
        impact: String(impact),
        where: nodes.slice(0, 3).map(({ html, target }) => `${target.join(' ')}: ${html.slice(0, 160)}`),
      })),
    };
  });
}

async function look(scene: Scene, shade: 'light' | 'dark'): Promise<void> {
  const { person, job, figures } = scene;
  await person.page.evaluate((shade) => localStorage.setItem('godwit.shade', shade), shade);
  const found: Record<string, Violation[]> = (figures.violations as Record<string, Violation[]>) ?? {};
  let rules = 0;
  const places = placesOf(job.data.ids as Ids);
  for (const [at, place] of places.entries()) {
    // The shade is read when the page is loaded.
    await (at === 0 ? person.open(place.path) : person.go(place.path));
    await person.settled();
    const seen = await axe(person);
    rules += seen.rules;
    if (seen.violations.length > 0) found[`${place.name}, ${shade}`] = seen.violations;
  }
  figures.violations = found;
  figures.pages = Number(figures.pages ?? 0) + places.length;
  figures.rules = Number(figures.rules ?? 0) + rules;
}

export const accessible: Scenario = {
  name: 'accessible',
  steps: [
    step('looks at the pages outside', async (scene) => {
      const { person, figures } = scene;
      const found: Record<string, Violation[]> = {};
      let rules = 0;
      for (const path of ['/login', '/set-up']) {
        for (const shade of ['light', 'dark'] as const) {
          await person.page.emulateMedia({ colorScheme: shade });
          await person.open(path);
          await person.settled();
          const seen = await axe(person);
          rules += seen.rules;
          if (seen.violations.length > 0) found[`${path}, ${shade}`] = seen.violations;
        }
      }
      Object.assign(figures, { violations: found, pages: 4, rules });
    }),
    step('logs in', async ({ person, told }) => person.logIn('ann', told('password'))),
    step('looks at every page in the light', async (scene) => {
      scene.person.watch.mayRefuse(/\/nowhere/);
      await look(scene, 'light');
    }),
    step('looks at every page in the dark', async (scene) => look(scene, 'dark')),
    step('would see a button without a name', async ({ person, figures }) => {
      await person.page.evaluate(() => {
        const button = document.createElement('button');
        button.append(document.createElement('i'));
        document.querySelector('main, #content')?.append(button);
      });
      const seen = await axe(person);
      figures.planted = seen.violations.filter(({ rule }) => rule === 'button-name').length;
      ensure(figures.planted === 1, 'axe does not see a button without a name');
    }),
  ],
};
