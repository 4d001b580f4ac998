/** Doing one thing at a time, where only the last wish counts: scrubbing, and asking for data while zooming. */

/** Runs at most one at a time; of those put while one runs only the last is run after it. */
export class LastWins<T> {
  private running = false;
  private next: { readonly value: T } | undefined;

  /** `run` must not throw: there is nobody to tell. */
  constructor(private readonly run: (value: T) => Promise<void>) {}

  get busy(): boolean {
    return this.running;
  }

  put(value: T): void {
    this.next = { value };
    if (!this.running) {
      void this.drain();
    }
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.next = undefined;
  }

  private async drain(): Promise<void> {
    this.running = true;
    try {
      while (this.next !== undefined) {
        const { value } = this.next;
        this.next = undefined;
        await this.run(value);
      }
    } finally {
      this.running = false;
    }
  }
}

/** The host's timers, so that tests can have their own. */
export interface Clock {
  set(run: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

/** Runs some time after the last call, but never later than `most` after the first one. */
export class Debounced {
  private timer: unknown;
  private due = 0;

  constructor(
    private readonly run: () => void,
    private readonly wait: number,
    private readonly most: number,
    private readonly clock: Clock,
    private readonly now: () => number,
  ) {}

  call(): void {
    const now = this.now();
    if (this.timer === undefined) {
      this.due = now + this.most;
    } else {
      this.clock.clear(this.timer);
    }
    this.timer = this.clock.set(
      () => {
        this.timer = undefined;
        this.run();
      },
      Math.max(0, Math.min(this.wait, this.due - now)),
    );
  }

  cancel(): void {
    if (this.timer !== undefined) {
      this.clock.clear(this.timer);
      this.timer = undefined;
    }
  }
}
