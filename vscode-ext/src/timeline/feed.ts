/**
 * What the view knows of the history: the whole of it at the resolution of the screen, and the part in view more
 * closely. Asks the adapter when the view or the history changed, and keeps the last answer until the next one is
 * there, so that nothing flickers. Pure but for the promise of what it asks.
 */
import type { Timeline } from '../protocol';
import { Debounced, LastWins, type Clock } from './lastwins';
import { picture, type Picture } from './model';
import { covers, span, within, type Range } from './scale';

/** The arguments of `revexec/timeline`. */
export interface Question {
  readonly from?: number;
  readonly to?: number;
  readonly buckets: number;
}

/** What the adapter takes at most. */
const mostBuckets = 10_000;
/** How much beside the view is asked for as well, in views, for panning. */
const beside = 0.5;

export class Feed {
  private overall: Picture | undefined;
  private close: Picture | undefined;
  private view: Range | undefined;
  private limits: Range = { from: 0, to: 1 };
  private axis = 1;
  private allowed = false;
  private overallStale = true;
  private closeStale = true;
  /** Counts histories: an answer about another one is dropped. */
  private history = 0;

  private readonly asking = {
    overall: new LastWins<Question>((question) => this.fetch(question, 'overall')),
    close: new LastWins<Question>((question) => this.fetch(question, 'close')),
  };
  private readonly soon: Debounced;

  constructor(
    private readonly ask: (question: Question) => Promise<Timeline>,
    private readonly arrived: () => void,
    clock: Clock,
    now: () => number,
  ) {
    this.soon = new Debounced(
      () => {
        this.request();
      },
      60,
      250,
      clock,
      now,
    );
  }

  /** What to draw for a view: the close answer as far as it goes, else the overall one. */
  pictureFor(view: Range): Picture | undefined {
    return this.close !== undefined && this.view !== undefined && covers(this.close.range, view)
      ? this.close
      : (this.overall ?? this.close);
  }

  /** The whole history. */
  get overview(): Picture | undefined {
    return this.overall;
  }

  /** Another history: nothing of what is known holds. */
  reset(): void {
    this.history++;
    this.overall = undefined;
    this.close = undefined;
    this.outdate();
  }

  /** What is known may have changed. The pictures stay until there are newer ones. */
  outdate(): void {
    this.overallStale = true;
    this.closeStale = true;
    this.soon.call();
  }

  /** While the program runs nothing can be asked. */
  allow(allowed: boolean): void {
    this.allowed = allowed;
    if (allowed) {
      this.soon.call();
    }
  }

  /** What is to be seen: `view` undefined is the whole. */
  look(limits: Range, view: Range | undefined, axis: number): void {
    const width = Math.round(axis);
    if (width !== this.axis) {
      this.axis = width;
      this.overallStale = true;
    }
    this.limits = limits;
    this.view = view;
    this.soon.call();
  }

  private request(): void {
    if (!this.allowed || this.axis <= 1) {
      return;
    }
    if (this.overallStale) {
      this.overallStale = false;
      this.asking.overall.put({ buckets: Math.min(this.axis, mostBuckets) });
    }
    if (this.view === undefined) {
      this.close = undefined;
      this.asking.close.clear();
    } else if (this.closeStale || !this.fine(this.view)) {
      this.closeStale = false;
      const side = span(this.view) * beside;
      const asked = within({ from: this.view.from - side, to: this.view.to + side }, this.limits);
      const from = Math.floor(asked.from);
      const to = Math.ceil(asked.to);
      const buckets = Math.ceil((this.axis * (to - from)) / Math.max(span(this.view), 1));
      this.asking.close.put({ from, to, buckets: Math.min(Math.max(buckets, 1), mostBuckets) });
    }
  }

  /** Whether the close answer is as fine as the screen, for a view. */
  private fine(view: Range): boolean {
    const { close } = this;
    if (close === undefined || !covers(close.range, view)) {
      return false;
    }
    const bucket = span(close.range) / close.buckets;
    return bucket <= 1 || bucket <= (1.5 * span(view)) / this.axis;
  }

  private async fetch(question: Question, which: 'overall' | 'close'): Promise<void> {
    const { history } = this;
    try {
      const timeline = await this.ask(question);
      if (history === this.history) {
        this[which] = picture(timeline);
        this.arrived();
      }
    } catch {
      // The program runs, or has gone: the next stop asks again. Until then the last picture is right enough.
      if (history === this.history) {
        this[`${which}Stale`] = true;
      }
    }
  }
}
