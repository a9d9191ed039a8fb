import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Person } from './person';
import { smallPng } from './png';
import { ensure } from './scenario';
import { Watch } from './watch';

/**
 * Takes a picture of each page, light and dark, of the filled service that `godwit demo --serve` gives:
 *
 *     GODWIT_BINARY=… node tests/dist/pictures.js FOLDER
 */

const WIDTH = 1280;
const HEIGHT = 800;
const MOST_BYTES = 150_000;
const LONGEST = 120_000;

interface Filled {
  process: ChildProcess;
  url: string;
  name: string;
  password: string;
}

function fill(folder: string): Promise<Filled> {
  const binary = process.env.GODWIT_BINARY ?? 'godwit';
  const words = ['demo', '--serve', '--dir', join(folder, 'demo'), '--listen', '127.0.0.1:0'];
  const child = spawn(binary, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((done, fail) => {
    let said = '';
    const heed = (data: Buffer) => {
      said += data.toString();
      const url = said.match(/serves at (http:\S+)/)?.[1];
      const [, name, password] = said.match(/log in as (\S+) with the password (\S+)/) ?? [];
      if (url && name && password) done({ process: child, url, name, password });
    };
    child.stdout?.on('data', heed);
    child.stderr?.on('data', heed);
    child.on('exit', () => fail(new Error(`the demo ended: ${said.slice(-400)}`)));
    setTimeout(() => fail(new Error(`the demo does not serve: ${said.slice(-400)}`)), LONGEST);
  });
}

interface Picture {
  name: string;
  path: string;
  /** What is done on the page before. */
  act?: (person: Person) => Promise<void>;
}

async function api<T>(page: Page, path: string): Promise<T> {
  return (await page.context().request.get(`/api/v1${path}`)).json() as Promise<T>;
}

interface Items {
  items: {
    id: string | number;
    name?: string;
    type?: string;
    state?: string;
    body?: { runs: { kind: string } };
  }[];
}

/** What is shown, with the ids that this service gave. */
async function picturesOf(page: Page): Promise<Picture[]> {
  const first = async (path: string) => {
    const { items } = await api<Items>(page, path);
    const [item] = items;
    ensure(item, `there is nothing at ${path}`);
    return { ...item, items };
  };
  const { id: project } = await first('/projects');
  const p = `/p/${project}`;
  const of = (path: string) => first(`/projects/${project}${path}`);
  const migration = await of('/migrations');
  const pipeline = await of('/pipelines');
  const instances = (await of('/instances')).items;
  const instance = instances.find(({ state }) => state === 'failed') ?? instances[0];
  const source = (await of('/data-sources')).items.find(({ type }) => type === 'sqlite');
  const wizard = `${p}/migrations/${migration.id}`;
  const at = (name: string) => async (person: Person) => {
    await person.page
      .getByRole('navigation')
      .getByRole('button', { name: new RegExp(`${name}$`) })
      .click();
    await person.page.waitForTimeout(600);
  };
  return [
    { name: 'dashboard', path: `${p}/dashboard` },
    { name: 'migrations', path: `${p}/migrations` },
    { name: 'wizard-sources', path: wizard, act: at('Data sources') },
    { name: 'wizard-tables', path: wizard, act: at('Data synchronization') },
    { name: 'wizard-names', path: wizard, act: at('Task names') },
    { name: 'wizard-schedule', path: wizard, act: at('Scheduling and run time') },
    { name: 'wizard-plan', path: wizard, act: at('Plan and generate') },
    { name: 'pipeline', path: `${p}/pipelines/${pipeline.id}` },
    { name: 'publish', path: `${p}/publish?tab=live` },
    { name: 'data-sources', path: `${p}/data-sources` },
    { name: 'metadata', path: `${p}/metadata?source=${source?.id}` },
    { name: 'tasks', path: `${p}/tasks` },
    { name: 'instances', path: `${p}/instances` },
    { name: 'instance', path: `${p}/instances/${instance?.id}?tab=proof` },
    { name: 'backfills', path: `${p}/backfills` },
    { name: 'settings', path: `${p}/settings` },
  ];
}

/** Waits until all that the demo began has ended: a picture of a day that is done. */
async function untilDone(page: Page): Promise<void> {
  const { items } = await api<Items>(page, '/projects');
  const deadline = Date.now() + LONGEST;
  for (const { id } of items) {
    const isOpen = ({ state }: Items['items'][number]) => state !== 'succeeded' && state !== 'failed';
    while ((await api<Items>(page, `/projects/${id}/instances?limit=500`)).items.some(isOpen)) {
      ensure(Date.now() < deadline, 'instances of the demo do not end');
      await page.waitForTimeout(500);
    }
  }
}

async function take(
  browser: Browser,
  filled: Filled,
  shade: 'light' | 'dark',
  folder: string,
): Promise<string[]> {
  const context = await browser.newContext({
    viewport: { width: WIDTH, height: HEIGHT },
    locale: 'en-US',
    timezoneId: 'UTC',
    colorScheme: shade,
    reducedMotion: 'reduce',
    baseURL: filled.url,
  });
  const page = await context.newPage();
  const watch = new Watch(page, new URL(filled.url).origin);
  await watch.begin();
  const person = new Person(page, watch, filled.url);
  await person.logIn(filled.name, filled.password);
  await untilDone(page);
  const told: string[] = [];
  for (const { name, path, act } of await picturesOf(page)) {
    await person.open(path);
    await person.settled();
    await act?.(person);
    const file = join(folder, `${name}-${shade}.png`);
    const picture = await small(page, await page.screenshot({ caret: 'hide', animations: 'disabled' }));
    ensure(picture.length <= MOST_BYTES, `${file} has ${picture.length} bytes`);
    writeFileSync(file, picture);
    told.push(`${name}-${shade}.png ${Math.round(picture.length / 1000)} kB`);
  }
  await context.close();
  const faults = watch.all();
  ensure(faults.length === 0, faults.join('; '));
  return told;
}

/** The same picture with fewer colours; the browser reads it, on a page of its own without a policy. */
async function small(page: Page, png: Buffer): Promise<Buffer> {
  const blank = await page.context().newPage();
  const pixels = await blank.evaluate(async (base64) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('there is no canvas');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let text = '';
    for (let at = 0; at < data.length; at += 8192)
      text += String.fromCharCode(...data.subarray(at, at + 8192));
    return btoa(text);
  }, png.toString('base64'));
  await blank.close();
  return smallPng(Buffer.from(pixels, 'base64'), WIDTH, HEIGHT);
}

const folder = process.argv[2];
ensure(folder, 'name the folder that the pictures go to');
mkdirSync(folder, { recursive: true });
const room = mkdtempSync(join(tmpdir(), 'godwit-pictures-'));
const filled = await fill(room);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--force-color-profile=srgb',
    '--font-render-hinting=none',
  ],
});
try {
  const told = [
    ...(await take(browser, filled, 'light', folder)),
    ...(await take(browser, filled, 'dark', folder)),
  ];
  process.stdout.write(`${told.length} pictures in ${folder}\n${told.join('\n')}\n`);
} finally {
  await browser.close();
  filled.process.removeAllListeners('exit');
  filled.process.kill('SIGTERM');
  rmSync(room, { recursive: true, force: true });
}
