import type { Response } from 'playwright-core';
import { ensure, type Figures, type Scenario, step } from '../scenario';

interface Script {
  path: string;
  bytes: number;
}

/** What a page loads in a browser that has nothing yet, as it comes over the network. */
async function scriptsOf(
  scene: { person: { page: import('playwright-core').Page } },
  open: () => Promise<void>,
) {
  const { page } = scene.person;
  const answers: Response[] = [];
  const heed = (answer: Response) => answers.push(answer);
  page.on('response', heed);
  await open();
  page.off('response', heed);
  const scripts: Script[] = [];
  let all = 0;
  for (const answer of answers) {
    const { pathname } = new URL(answer.url());
    if (pathname.startsWith('/api/')) continue;
    const { responseBodySize } = await answer.request().sizes();
    all += responseBodySize;
    if (pathname.endsWith('.js')) scripts.push({ path: pathname, bytes: responseBodySize });
  }
  return { scripts, all };
}

function sum(scripts: readonly Script[]): number {
  return scripts.reduce((sum, { bytes }) => sum + bytes, 0);
}

function note(figures: Figures, name: string, found: { scripts: Script[]; all: number }): void {
  ensure(found.scripts.length > 0, `${name} loads no script`);
  figures[name] = { files: found.scripts.length, bytes: sum(found.scripts), all: found.all };
}

export const budget: Scenario = {
  name: 'budget',
  steps: [
    step('loads the page to log in', async (scene) => {
      const found = await scriptsOf(scene, async () => {
        await scene.person.open('/');
        await scene.person.seesHeading('Log in to Godwit');
        await scene.person.settled();
      });
      note(scene.figures, 'login', found);
    }),
    step('loads the start page in a new browser', async (scene) => {
      const { person, told } = scene;
      await person.logIn('ann', told('password'));
      await person.open(told('project'));
      await person.settled();
      // Another browser of the same person: logged in, and nothing kept.
      const client = await person.page.context().newCDPSession(person.page);
      await client.send('Network.clearBrowserCache');
      await client.send('Network.setCacheDisabled', { cacheDisabled: true });
      const found = await scriptsOf(scene, async () => {
        await person.open('/');
        await person.seesHeading('Dashboard');
        await person.settled();
      });
      note(scene.figures, 'start', found);
    }),
  ],
};
