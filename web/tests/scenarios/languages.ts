import { type Bundle, bundles } from '../bundles';
import { type Ids, placesOf } from '../pages';
import { escaped, type Person } from '../person';
import { ensure, type Scenario, type Scene, step } from '../scenario';

/** All that is shown, read out or offered as a hint, each text once. */
async function shownTexts(person: Person): Promise<string[]> {
  return person.page.evaluate(() => {
    const found = new Set<string>();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (element === null || element.closest('script, style, code, .cm-editor') !== null) continue;
      found.add(node.textContent?.trim() ?? '');
    }
    for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
      for (const name of ['aria-label', 'placeholder', 'title'])
        found.add(element.getAttribute(name)?.trim() ?? '');
    }
    found.add(document.title);
    found.delete('');
    return [...found];
  });
}

interface Own {
  text: string;
  pattern: RegExp;
}

/** Texts of the page's own in one language that are not so in the other, as patterns of what is shown. */
function ownTexts(all: readonly Bundle[], language: 'en' | 'zh'): Own[] {
  const other = language === 'en' ? 'zh' : 'en';
  const shared = new Set(all.flatMap((bundle) => Object.values(bundle[other])));
  const texts = new Set(all.flatMap((bundle) => Object.values(bundle[language])));
  return [...texts].flatMap((text) => {
    const fixed = text.replace(/\{\{\w+\}\}/g, '');
    // What has no word of its own (a sign, a name, a number with its unit) is the same in both.
    const isOwn = language === 'zh' ? /\p{Script=Han}/u.test(fixed) : /[A-Za-z]{3}/.test(fixed);
    if (shared.has(text) || !isOwn) return [];
    // Where little is fixed, whatever is said of anything would look like it.
    const filled = fixed.length < 16 ? '\\S+' : '.*?';
    const pattern = text
      .split(/\{\{\w+\}\}/)
      .map(escaped)
      .join(filled);
    return [{ text, pattern: new RegExp(`^${pattern}$`, 's') }];
  });
}

/** What one finds on each page in the texts of the wrong language. */
async function readPages(
  scene: Scene,
  wrong: readonly Own[],
  right: readonly Own[],
): Promise<Record<string, string[]>> {
  const { person, job } = scene;
  const given = new Set((job.data.given as string[]) ?? []);
  const found: Record<string, string[]> = {};
  let texts = 0;
  let own = 0;
  for (const { name, path } of placesOf(job.data.ids as Ids)) {
    await person.go(path);
    await person.settled();
    const shown = await shownTexts(person);
    texts += shown.length;
    own += shown.filter((text) => right.some(({ pattern }) => pattern.test(text))).length;
    // A Chinese text about something that is called by an English word is no English text.
    const isMixed = (text: string) => right.some(({ pattern }) => pattern.test(text));
    const strays = shown.filter(
      (text) => !given.has(text) && !isMixed(text) && wrong.some(({ pattern }) => pattern.test(text)),
    );
    if (strays.length > 0) found[name] = strays;
  }
  scene.figures.texts = Number(scene.figures.texts ?? 0) + texts;
  scene.figures.own = Number(scene.figures.own ?? 0) + own;
  return found;
}

let all: Bundle[] = [];

export const languages: Scenario = {
  name: 'languages',
  steps: [
    step('reads the texts of both languages', async ({ figures }) => {
      all = bundles();
      const names = all.map(({ namespace }) => namespace);
      figures.bundles = all.length;
      figures.twice = names.filter((name, at) => names.indexOf(name) !== at);
      figures.lacking = all.flatMap(({ namespace, en, zh }) =>
        Object.keys(en)
          .filter((key) => !key.endsWith('_one') && !(key in zh))
          .map((key) => `${namespace}.${key}`),
      );
      ensure(all.length > 20, `only ${all.length} bundles of texts are found`);
    }),
    step('chooses Chinese before logging in', async ({ person, told }) => {
      person.watch.mayRefuse(/\/nowhere/);
      await person.open('/login');
      await person.seesHeading('Log in to Godwit');
      await person.menu('English', '中文');
      await person.seesHeading('登录 Godwit');
      await person.fill('用户名', 'ann');
      await person.fill('密码', told('password'));
      await person.press('登录');
      await person.page.getByRole('navigation', { name: '主导航' }).waitFor();
      ensure(
        (await person.page.getAttribute('html', 'lang')) === 'zh',
        'the page does not say that it is Chinese',
      );
    }),
    step('reads every page in Chinese', async (scene) => {
      scene.figures.english = await readPages(scene, ownTexts(all, 'en'), ownTexts(all, 'zh'));
    }),
    step('reads numbers and dates', async ({ person, job, figures }) => {
      const { project } = job.data.ids as Ids;
      await person.open(`/p/${project}/instances`);
      await person.settled();
      const text = await person.text();
      figures.dates = text.match(/\b20\d\d-\d\d-\d\d\b/g)?.length ?? 0;
      figures.foreign = text.match(/\b\d{1,2}\/\d{1,2}\/\d{2,4}\b|\b(AM|PM)\b/g) ?? [];
    }),
    step('goes back to English', async (scene) => {
      const { person, figures } = scene;
      await person.menu('语言', 'English');
      await person.page.getByRole('navigation', { name: 'Main navigation' }).waitFor();
      figures.chinese = await readPages(scene, ownTexts(all, 'zh'), ownTexts(all, 'en'));
    }),
  ],
};
