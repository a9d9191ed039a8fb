import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { Person } from './person';
import { ensure, type Figures, type Job, type Scenario, type Scene } from './scenario';
import { SCENARIOS } from './scenarios';
import { Watch } from './watch';

const SLOWEST = 30_000;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function line(): Promise<Record<string, unknown>> {
  const { value, done } = await lines.next();
  if (done) throw new Error('whoever asked for the scenario is gone');
  return JSON.parse(value);
}

function say(document: Figures): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

/** Plays a scenario; what it says last is whether it came to its end, and its figures. */
async function play(job: Job, scenario: Scenario): Promise<boolean> {
  mkdirSync(job.folder, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  const figures: Figures = {};
  const passed: string[] = [];
  try {
    const context = await opened(browser, scenario, job);
    const page = await context.newPage();
    const watch = new Watch(page, new URL(job.url).origin);
    await watch.begin();
    const person = new Person(page, watch, job.url);
    const scene: Scene = {
      person,
      job,
      figures,
      told: (name) => {
        const value = job.data[name];
        ensure(typeof value === 'string', `the job does not tell ${name}`);
        return value;
      },
      outside: async (what, more = {}) => {
        say({ ask: what, ...more });
        return line();
      },
    };
    for (const { name, act } of scenario.steps) {
      const began = Date.now();
      try {
        await act(scene);
        const faults = watch.all();
        ensure(faults.length === 0, faults.join('; '));
      } catch (cause) {
        await tell(page, job, { step: name, error: messageOf(cause), faults: watch.all(), passed, figures });
        return false;
      }
      passed.push(name);
      if (process.env.STEPS) process.stderr.write(`${name}: ${Date.now() - began} ms\n`);
    }
    say({ ok: true, passed, figures: { ...figures, requests: watch.requests, hosts: [...watch.hosts] } });
    return true;
  } finally {
    await browser.close();
  }
}

async function opened(browser: Browser, scenario: Scenario, job: Job): Promise<BrowserContext> {
  const { locale, reducedMotion, forcedShade } = scenario.browser ?? {};
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: locale ?? 'en-US',
    timezoneId: 'UTC',
    reducedMotion: reducedMotion ?? 'reduce',
    colorScheme: forcedShade ?? 'light',
    acceptDownloads: true,
    baseURL: job.url,
  });
  context.setDefaultTimeout(SLOWEST);
  return context;
}

/** What was seen when it went wrong. */
async function tell(page: Page, job: Job, what: Figures): Promise<void> {
  const picture = `${job.folder}/${job.scenario}-failed.png`;
  await page.screenshot({ path: picture, timeout: 10_000 }).catch(() => {});
  const text = await page
    .locator('body')
    .innerText({ timeout: 5_000 })
    .catch(() => '');
  say({ ok: false, ...what, picture, url: page.url(), text: text.slice(0, 4000) });
}

function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
  return text.replace(/\u001b\[\d+m/g, '').slice(0, 1200);
}

if (process.argv.includes('--list')) {
  say(Object.fromEntries(SCENARIOS.map(({ name, steps }) => [name, steps.map((step) => step.name)])));
} else {
  const job = (await line()) as unknown as Job;
  const scenario = SCENARIOS.find(({ name }) => name === job.scenario);
  if (scenario === undefined) {
    say({
      ok: false,
      error: `no scenario ${job.scenario}; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`,
    });
    process.exit(1);
  }
  process.exit((await play(job, scenario)) ? 0 : 1);
}
