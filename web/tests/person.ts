import type { Locator, Page } from 'playwright-core';
import { ensure, Wrong } from './scenario';
import type { Watch } from './watch';

/** How long a page may stay that is left, in milliseconds. */
const LONGEST_WAY = 1_000;

type Role = Parameters<Page['getByRole']>[0];
type Text = string | RegExp;

/** Whoever uses the page: finds things by what they are and what they are called, as people and their aids do. */
export class Person {
  /** Where they look: the page, or the dialog that they were told of. */
  private readonly places: Locator[] = [];

  constructor(
    readonly page: Page,
    readonly watch: Watch,
    private readonly url: string,
  ) {}

  // Places

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.url}${path}`, { waitUntil: 'domcontentloaded' });
  }

  /** Goes to another address within the page, as by a link; loads it where the same page shows both. */
  async go(path: string): Promise<void> {
    const { page } = this;
    await page.evaluate((path) => {
      document.querySelector('h1')?.setAttribute('data-left', '');
      // As the router itself writes it: it counts its entries.
      const state = { usr: null, key: 'go', idx: (history.state?.idx ?? 0) + 1 };
      history.pushState(state, '', path);
      window.dispatchEvent(new PopStateEvent('popstate', { state }));
    }, path);
    const hasLeft = page.locator('h1[data-left]').waitFor({ state: 'detached', timeout: LONGEST_WAY });
    await hasLeft.catch(() => this.open(path));
  }

  /** Does something within a part of the page: a dialog, a section, a row. */
  async within(place: Locator, act: () => Promise<void>): Promise<void> {
    await place.waitFor({ state: 'visible' });
    this.places.push(place);
    try {
      await act();
    } finally {
      this.places.pop();
    }
  }

  /** Does something in the dialog of that title, and waits until it is gone. */
  async inDialog(title: Text, act: () => Promise<void>, options: { stays?: boolean } = {}): Promise<void> {
    const dialog = this.page.getByRole('dialog', { name: title });
    await this.within(dialog, act);
    if (!options.stays) await dialog.waitFor({ state: 'hidden' });
  }

  region(name: Text): Locator {
    return this.here().getByRole('region', { name }).first();
  }

  row(...texts: Text[]): Locator {
    let rows = this.here().getByRole('row');
    for (const text of texts) rows = rows.filter({ hasText: text });
    return rows.filter({ visible: true }).first();
  }

  private here(): Page | Locator {
    return this.places.at(-1) ?? this.page;
  }

  // Things

  /** By its whole name; a sign before or behind the text of a button is part of its name. */
  get(role: Role, name: Text): Locator {
    const whole = typeof name === 'string' ? new RegExp(`^([a-z-]+ )?${escaped(name)}( [a-z-]+)?$`) : name;
    return this.here().getByRole(role, { name: whole }).filter({ visible: true }).first();
  }

  labelled(label: Text): Locator {
    return this.here()
      .getByLabel(label, { exact: typeof label === 'string' })
      .filter({ visible: true })
      .first();
  }

  /** A field by the beginning of its label: behind it may stand that it is optional, or a star. */
  field(label: Text): Locator {
    const pattern =
      typeof label === 'string' ? new RegExp(`^\\s*${escaped(label)}\\s*(optional|可选|\\*)?\\s*$`) : label;
    const controls = this.page.locator('input, textarea, select, [contenteditable=true], [role=combobox]');
    return this.here().getByLabel(pattern).and(controls).filter({ visible: true }).first();
  }

  // Doing

  async click(role: Role, name: Text): Promise<void> {
    await this.get(role, name).click();
  }

  async press(name: Text): Promise<void> {
    await this.click('button', name);
  }

  async follow(name: Text): Promise<void> {
    await this.click('link', name);
  }

  async fill(label: Text, text: string): Promise<void> {
    await this.field(label).fill(text);
  }

  async tick(label: Text): Promise<void> {
    await this.labelled(label).check();
  }

  /** Chooses one of several that exclude each other, by the beginning of what stands beside it. */
  async pick(name: string): Promise<void> {
    await this.here()
      .getByRole('radio', { name: new RegExp(`^${escaped(name)}`) })
      .filter({ visible: true })
      .first()
      .check({ force: true });
  }

  /** Chooses one of the parts of a switch. */
  async switchTo(name: Text): Promise<void> {
    const whole = typeof name === 'string' ? new RegExp(`^${escaped(name)}$`) : name;
    await this.here().locator('label').filter({ hasText: whole, visible: true }).first().click();
  }

  /** Chooses in a list that opens. */
  async choose(label: Text, option: Text): Promise<void> {
    const list = this.field(label);
    await list.click();
    await this.inList(list, option);
  }

  /** Writes into a field that takes several words, each ended by Enter. */
  async addWords(label: Text, words: readonly string[]): Promise<void> {
    const field = this.field(label);
    await field.click();
    for (const word of words) {
      await field.pressSequentially(word);
      await this.page.keyboard.press('Enter');
    }
    await this.page.keyboard.press('Escape');
  }

  /** Clicks on an entry of a list that has opened. */
  private async inList(list: Locator, option: Text): Promise<void> {
    const open = this.page.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden)');
    await open.filter({ visible: true }).first().waitFor();
    if (typeof option === 'string' && (await list.getAttribute('readonly')) === null) {
      await list.fill(option);
    }
    const named = typeof option === 'string' ? new RegExp(`^\\s*${escaped(option)}`) : option;
    await open
      .filter({ visible: true })
      .locator('.ant-select-item-option')
      .filter({ hasText: named })
      .first()
      .click();
  }

  /** Opens a menu and takes an entry of it. */
  async menu(button: Text, entry: Text): Promise<void> {
    await this.press(button);
    await this.page
      .getByRole('menuitem', { name: entry, exact: typeof entry === 'string' })
      .filter({ visible: true })
      .first()
      .click();
  }

  /** Writes a day into a field for days, as `2024-02-29`. */
  async day(label: Text, day: string): Promise<void> {
    const field = this.labelled(label);
    await field.click();
    await field.fill(day);
    await this.page.keyboard.press('Enter');
  }

  // Seeing

  async sees(text: Text, seconds = 30): Promise<void> {
    await this.here()
      .getByText(text)
      .filter({ visible: true })
      .first()
      .waitFor({ state: 'visible', timeout: seconds * 1000 });
  }

  async seesHeading(name: Text): Promise<void> {
    await this.get('heading', name).waitFor();
  }

  /** What is not there, now that the rest is. */
  async seesNo(text: Text): Promise<void> {
    const count = await this.here().getByText(text).filter({ visible: true }).count();
    ensure(count === 0, `the page shows ${text}`);
  }

  async text(): Promise<string> {
    return this.page.locator('body').innerText();
  }

  /** Waits until something is so. */
  async until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > deadline) throw new Wrong(`in ${seconds} s not seen: ${what}`);
      await this.page.waitForTimeout(100);
    }
  }

  /** Waits until the page has its heading, waits for nothing and has not changed for a moment. */
  async settled(quiet = 350): Promise<void> {
    const { page } = this;
    await page.getByRole('heading', { level: 1 }).filter({ visible: true }).first().waitFor();
    await page.evaluate(
      ([quiet]) =>
        new Promise<void>((done) => {
          const busy = () =>
            document.querySelector('.ant-spin-spinning, .ant-skeleton-active, .ant-select-loading') !== null;
          let last = performance.now();
          const observer = new MutationObserver(() => {
            last = performance.now();
          });
          observer.observe(document.body, { childList: true, subtree: true, characterData: true });
          const began = performance.now();
          const look = () => {
            const still = performance.now() - last > (quiet ?? 0) && !busy();
            if (!still && performance.now() - began < 20_000) return void setTimeout(look, 50);
            observer.disconnect();
            done();
          };
          look();
        }),
      [quiet],
    );
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.open('/login');
    await this.fill('Name', name);
    await this.fill('Password', password);
    await this.press('Log in');
    await this.page.getByRole('navigation', { name: 'Main navigation' }).waitFor();
  }
}

export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
