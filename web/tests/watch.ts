import type { Page, Request } from 'playwright-core';

/**
 * All that no page may do whatever the scenario is about: complain in the console, throw, break its security policy, ask
 * another machine for anything, open a dialog of the browser.
 */
export class Watch {
  readonly faults: string[] = [];
  readonly hosts = new Set<string>();
  requests = 0;
  /** Requests that may be refused, as `METHOD path`; who is not logged in may always be told so. */
  private readonly refusable: RegExp[] = [/^GET \/api\/v1\/me$/, /^POST \/api\/v1\/session$/];
  private readonly refused: { what: string; said: string }[] = [];

  constructor(
    private readonly page: Page,
    private readonly origin: string,
  ) {}

  async begin(): Promise<void> {
    const { page } = this;
    page.on('console', (message) => {
      const kind = message.type();
      const text = message.text();
      if (kind !== 'error' && kind !== 'warning') return;
      // The browser itself tells of answers that refuse; those are judged where they arrive.
      if (/^Failed to load resource: the server responded with a status of 4\d\d/.test(text)) return;
      if (/violates the following Content Security Policy/.test(text)) return; // told by its own event
      this.faults.push(`console ${kind}: ${text.slice(0, 600)} (at ${new URL(page.url()).pathname})`);
    });
    page.on('pageerror', (error) => this.faults.push(`uncaught: ${error.stack ?? error.message}`));
    page.on('crash', () => this.faults.push('the page crashed'));
    page.on('dialog', (dialog) => {
      this.faults.push(`dialog of the browser (${dialog.type()}): ${dialog.message()}`);
      void dialog.dismiss().catch(() => {});
    });
    page.on('request', (request) => this.heed(request));
    page.on('response', (response) => {
      const status = response.status();
      const what = `${response.request().method()} ${new URL(response.url()).pathname}`;
      if (status >= 500) this.faults.push(`${what} was answered with ${status}`);
      else if (status >= 400) {
        const one = { what, said: String(status) };
        this.refused.push(one);
        void response.text().then(
          (text) => {
            one.said = `${status} ${text.slice(0, 400)}`;
          },
          () => {},
        );
      }
    });
    await page.exposeFunction('tellOfViolation', (text: string) =>
      this.faults.push(`security policy: ${text}`),
    );
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const tell = (window as unknown as { tellOfViolation: (text: string) => void }).tellOfViolation;
        const { sourceFile, lineNumber, columnNumber } = event;
        tell(
          `${event.effectiveDirective} ${event.blockedURI} ${sourceFile}:${lineNumber}:${columnNumber} at ${location.pathname}`,
        );
      });
    });
  }

  /** From now on such requests may be refused. */
  mayRefuse(what: RegExp): void {
    this.refusable.push(what);
  }

  /** What went wrong up to now. */
  all(): string[] {
    const unexpected = this.refused.filter(
      ({ what }) => !this.refusable.some((allowed) => allowed.test(what)),
    );
    return [...new Set([...this.faults, ...unexpected.map(({ what, said }) => `refused: ${what}: ${said}`)])];
  }

  private heed(request: Request): void {
    const url = new URL(request.url());
    if (url.protocol === 'data:' || url.protocol === 'blob:') return;
    this.requests += 1;
    this.hosts.add(url.host);
    if (url.origin !== this.origin) this.faults.push(`a request to ${url.origin}: ${url.pathname}`);
  }
}
