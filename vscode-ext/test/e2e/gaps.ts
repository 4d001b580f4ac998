// Whether something disappears from the page: how often, and for how long. In frames, which
// are what a user sees.
import type { Page } from 'playwright-core';

/** Runs in the page. Each mutation is looked at, so that nothing is gone and back unseen. */
const script = `selectors => {
  let frame = 0;
  const things = Object.entries(selectors).map(([name, selector]) => ({ name, selector, times: 0, frames: 0, gone: undefined }));
  const look = () => {
    for (const t of things) {
      const there = document.querySelector(t.selector) !== null;
      if (!there && t.gone === undefined) {
        t.gone = frame;
        t.times++;
      }
      if (t.gone !== undefined) t.frames = Math.max(t.frames, frame - t.gone);
      if (there) t.gone = undefined;
    }
  };
  const absent = things.filter(t => document.querySelector(t.selector) === null).map(t => t.name);
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
  const next = () => { frame++; look(); pending = requestAnimationFrame(next); };
  let pending = requestAnimationFrame(next);
  globalThis.revexecGaps = () => {
    observer.disconnect();
    cancelAnimationFrame(pending);
    return Object.fromEntries(things.map(({ name, times, frames }) => [name, { times, frames }]));
  };
  return absent;
}`;

/** How often something was gone, and for how many frames at most. */
export interface Gap {
  readonly times: number;
  readonly frames: number;
}

export class Gaps {
  private constructor(private readonly page: Page) {}

  /** Watches from now on. Each selector has to match something now. */
  static async watch(page: Page, selectors: Readonly<Record<string, string>>): Promise<Gaps> {
    const absent = await page.evaluate<string[]>(`(${script})(${JSON.stringify(selectors)})`);
    if (absent.length > 0) throw new Error(`not on the page to begin with: ${absent.join(', ')}`);
    return new Gaps(page);
  }

  /** Ends it. What there was of each. */
  async end(): Promise<Partial<Record<string, Gap>>> {
    return this.page.evaluate<Partial<Record<string, Gap>>>('globalThis.revexecGaps()');
  }
}
