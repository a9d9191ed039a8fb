import type { Person } from '../person';
import { ensure, type Scenario, type Scene, step } from '../scenario';
import { chooseEnd, makeMigration, section, sourceOf, untilSaved } from '../ways';

const MOST_MS = 100;

interface Task {
  /** How long the main thread was at it by its own clock, and by the clock on the wall. */
  cpu: number;
  wall: number;
}

interface Event {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string; data?: { frames?: { url?: string; processId?: number }[] } };
}

/** The longest task of the page's main thread while something is done. */
async function longest(person: Person, act: () => Promise<void>): Promise<Task> {
  const browser = person.page.context().browser();
  ensure(browser, 'there is no browser');
  await browser.startTracing(person.page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
  await act();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: Event[] };
  const events = trace.traceEvents;
  const names = new Map<number, Set<number>>();
  for (const { name, ph, pid, tid, args } of events) {
    if (ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain') {
      names.set(pid, (names.get(pid) ?? new Set()).add(tid));
    }
  }
  const tasks = events.filter(
    ({ name, pid, tid, dur }) =>
      (name === 'RunTask' || name === 'ThreadControllerImpl::RunTask') &&
      dur !== undefined &&
      names.get(pid)?.has(tid),
  );
  ensure(tasks.length > 0, 'the trace has no task of the main thread');
  const cpu = Math.max(...tasks.map(({ tdur, dur }) => (tdur ?? dur ?? 0) / 1000));
  const wall = Math.max(...tasks.map(({ dur }) => (dur ?? 0) / 1000));
  return { cpu, wall };
}

/** How long from a key until what it does is painted, by the page's own clock. */
async function painted(person: Person, act: () => Promise<void>, shows: string): Promise<number> {
  await person.page.evaluate((shows) => {
    const state = window as unknown as { begun: number; painted: Promise<number> };
    state.begun = 0;
    const begin = () => {
      state.begun ||= performance.now();
    };
    for (const kind of ['keydown', 'input', 'click'] as const) {
      window.addEventListener(kind, begin, { capture: true, once: true });
    }
    state.painted = new Promise((done) => {
      const look = () => {
        if (state.begun > 0 && new RegExp(shows).test(document.querySelector('#tables')?.textContent ?? '')) {
          requestAnimationFrame(() => setTimeout(() => done(performance.now() - state.begun)));
        } else requestAnimationFrame(look);
      };
      look();
    });
  }, shows);
  await act();
  return person.page.evaluate(() => (window as unknown as { painted: Promise<number> }).painted);
}

/** The quickest time is that of the page; the others are also those of whatever else the machine was at. */
function told(times: readonly number[]) {
  const sorted = times.map(Math.round).sort((one, other) => one - other);
  return { best: sorted[0], median: sorted[Math.floor(sorted.length / 2)], times: sorted.length };
}

function note(scene: Scene, what: string, { cpu, wall }: Task): void {
  const tasks = (scene.figures.tasks as Record<string, Task>) ?? {};
  tasks[what] = { cpu: Math.round(cpu), wall: Math.round(wall) };
  scene.figures.tasks = tasks;
}

export const tenThousand: Scenario = {
  name: 'ten-thousand',
  steps: [
    step('chooses a source of ten thousand tables', async ({ person, told, job }) => {
      await person.logIn('ann', told('password'));
      await person.open(told('project'));
      await makeMigration(person, 'ten thousand');
      await chooseEnd(person, 'Synchronization source', sourceOf(job.data.source));
      await chooseEnd(person, 'Synchronization target', sourceOf(job.data.lake));
      await section(person, 'Data synchronization', () => person.sees(/All\s*10,000/, 60));
    }),
    step('scrolls from the first table to the last', async (scene) => {
      const { person, figures } = scene;
      const grid = person.page.getByRole('grid', { name: 'Source table' });
      await grid.scrollIntoViewIfNeeded();
      let most = 0;
      const task = await longest(person, async () => {
        most = await grid.evaluate(async (grid) => {
          let most = 0;
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          const step = grid.scrollHeight / 240;
          for (let at = 0; at <= grid.scrollHeight; at += step) {
            grid.scrollTop = at;
            await frame();
            most = Math.max(most, grid.querySelectorAll('[role=row]').length);
          }
          return most;
        });
      });
      note(scene, 'scrolling', task);
      figures.rows = most;
      await grid.getByText('table_09999', { exact: true }).first().waitFor();
    }),
    step('searches', async (scene) => {
      const { person, figures } = scene;
      const field = person.page.getByLabel(/^Search.*case-sensitive/i);
      const times: number[] = [];
      const task = await longest(person, async () => {
        for (const digit of '13579') {
          await field.fill('');
          await person.sees(/All\s*10,000/);
          await field.focus();
          await person.page.waitForTimeout(400);
          const type = () => person.page.keyboard.insertText(`_0${digit}77`);
          times.push(await painted(person, type, `table_0${digit}770`));
        }
      });
      note(scene, 'searching', task);
      figures.search = told(times);
      await field.fill('');
      await person.sees(/All\s*10,000/);
    }),
    step('selects all', async (scene) => {
      const { person, figures } = scene;
      const grid = person.page.getByRole('grid', { name: 'Source table' });
      const times: number[] = [];
      const task = await longest(person, async () => {
        const [every, none] = ['10,000 pipelines', '^((?!10,000 pipelines).)*$'];
        for (const shows of [every, none, every, none, every, none, every]) {
          await grid.focus();
          await person.page.waitForTimeout(600);
          times.push(await painted(person, () => person.page.keyboard.press('Control+a'), shows));
        }
      });
      note(scene, 'selecting all', task);
      figures.select = told(times);
    }),
    step('takes one out, and has it saved', async (scene) => {
      const { person } = scene;
      const field = person.page.getByLabel(/^Search.*case-sensitive/i);
      await field.fill('table_07777');
      await person.row('table_07777').getByText('table_07777').first().click();
      await section(person, 'Data synchronization', () => person.sees(/9,999 pipelines/));
      await field.fill('');
      await untilSaved(person);
      await person.page.waitForTimeout(1_500);
      await untilSaved(person);
    }),
    step('stayed within its bounds', async ({ figures }) => {
      figures.bound = MOST_MS;
      ensure(Number(figures.rows) <= 200, `${figures.rows} rows are in the page at once`);
    }),
  ],
};
