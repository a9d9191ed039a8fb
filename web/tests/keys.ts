import type { Page } from 'playwright-core';
import { ensure } from './scenario';

/** Where the keyboard is, as an aid would tell it, and whether one can see that. */
export interface Stop {
  role: string;
  name: string;
  isVisible: boolean;
}

/** Whoever has no mouse: goes from one control to the next, and sees where that is. */
export class Keys {
  stops = 0;
  /** Where nobody could see that the keyboard is there. */
  readonly unseen = new Set<string>();

  constructor(readonly page: Page) {}

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** Goes on with Tab until the control of that name has the focus. */
  async tabTo(name: string | RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab', most = 300): Promise<void> {
    const passed: string[] = [];
    for (let number = 0; number < most; number += 1) {
      await this.press(key);
      const stop = await this.stop();
      passed.push(stop.name);
      if (typeof name === 'string' ? stop.name === name : name.test(stop.name)) return;
    }
    ensure(
      false,
      `Tab does not come to ${name}; it came to ${[...new Set(passed)]
        .slice(-60)
        .map((one) => one.slice(0, 40))
        .join(' · ')}`,
    );
  }

  /** Opens a list, types what is looked for, and takes the first of it. */
  async choose(text: string): Promise<void> {
    await this.press('ArrowDown');
    await this.page.locator('.ant-select-dropdown').filter({ visible: true }).first().waitFor();
    await this.type(text);
    await this.page
      .locator('.ant-select-item-option-active')
      .filter({ visible: true, hasText: text })
      .first()
      .waitFor();
    await this.press('Enter');
  }

  async stop(): Promise<Stop> {
    this.stops += 1;
    const stop = await this.look();
    if (!stop.isVisible && stop.name !== '') {
      // What fades in is not there at once.
      await this.page.waitForTimeout(350);
      const again = await this.look();
      if (!again.isVisible) this.unseen.add(`${again.role} ${again.name}`.slice(0, 80));
    }
    return stop;
  }

  private look(): Promise<Stop> {
    return this.page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (element === null || element === document.body) return { role: '', name: '', isVisible: true };
      const textOf = (ids: string | null) =>
        (ids ?? '')
          .split(/\s+/)
          .map((id) => document.getElementById(id)?.textContent ?? '')
          .join(' ')
          .trim();
      const labels = [...((element as HTMLInputElement).labels ?? [])]
        .map((label) => label.textContent ?? '')
        .join(' ');
      const name =
        textOf(element.getAttribute('aria-labelledby')) ||
        element.getAttribute('aria-label') ||
        labels ||
        element.textContent ||
        element.getAttribute('placeholder') ||
        '';
      const place = element.getBoundingClientRect();
      const isMarked = (one: Element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
        return (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1) || boxShadow !== 'none';
      };
      const near: Element[] = [element, ...(element.parentElement?.children ?? [])];
      let above = element.parentElement;
      for (let level = 0; level < 4 && above !== null; level += 1) {
        const around = above.getBoundingClientRect();
        // What is much larger is marked for another reason.
        if (around.height > place.height + 60) break;
        near.push(above);
        above = above.parentElement;
      }
      const inView =
        place.bottom > 0 &&
        place.top < window.innerHeight &&
        place.right > 0 &&
        place.left < window.innerWidth;
      return {
        role: element.getAttribute('role') ?? element.tagName.toLowerCase(),
        name: name
          .replace(/\s+/g, ' ')
          .replace(/\s*(\*|optional)$/, '')
          .trim(),
        isVisible: inView && near.some(isMarked),
      };
    });
  }
}
