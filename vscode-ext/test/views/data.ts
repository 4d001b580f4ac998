/** Made-up histories, as the adapter tells of them. The same arguments make the same history. */
import type { EventKind, Occurrence, Timeline, TimelineEvent, ValueHistory } from '../../src/protocol';

/** Numbers in [0, 1) that look random. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface HistoryOptions {
  readonly frontier?: number;
  readonly icount?: number;
  readonly ended?: boolean;
  /** Outputs, spread over the history. */
  readonly outputs?: number;
  readonly threads?: number;
  readonly branches?: number;
  /** Merge to the buckets asked for, as the adapter does. */
  readonly merge?: boolean;
}

/** All there is of a history; what the adapter would look into. */
export class TestHistory {
  readonly frontier: number;
  icount: number;
  readonly events: TimelineEvent[] = [];
  bookmarks: Timeline['bookmarks'] = [];
  hits: Timeline['hits'] = null;
  private readonly random = random(7);

  constructor(private readonly options: HistoryOptions = {}) {
    this.frontier = options.frontier ?? 48_230_117;
    this.icount = options.icount ?? Math.round(this.frontier * 0.613);
    this.fill();
  }

  private fill(): void {
    const { frontier, random: next } = this;
    const add = (part: number, kind: EventKind, text: string, more: Partial<TimelineEvent> = {}): void => {
      this.events.push({ icount: Math.round(frontier * part), kind, count: 1, text, thread: 1, ...more });
    };
    const outputs = this.options.outputs ?? 180;
    for (let i = 0; i < outputs; i++) {
      // In bursts, as programs do.
      const burst = Math.floor(next() * 9) / 9;
      const part = 0.03 + 0.94 * Math.min(0.999, burst + next() ** 2 * 0.09);
      const error = next() < 0.06;
      const bytes = Math.round(10 + next() ** 4 * 3000);
      add(part, 'output', error ? `warning: account ${i} is overdrawn\n` : `line ${i}: balance = ${bytes}\n`, {
        stream: error ? 'stderr' : 'stdout',
        bytes,
      });
    }
    for (let i = 0; i < 14; i++)
      add(0.1 + i * 0.055, 'breakpoint', `ledger.c:${i < 7 ? 21 : 48}`, { breakpoints: [i < 7 ? 1 : 2] });
    for (let i = 0; i < 5; i++) add(0.33 + i * 0.012, 'dataBreakpoint', `balance: ${i * 10} → ${i * 10 + 10}`);
    add(0.47, 'signal', 'SIGUSR1');
    add(0.74, 'signal', 'SIGALRM');
    add(0.83, 'exception', 'C++ exception std::out_of_range: vector::at');
    add(0.02, 'exec', '/usr/bin/ledger');
    for (const part of [0.2, 0.41, 0.66]) add(part, 'input', 'yes\n', { bytes: 4 });
    const threads = this.options.threads ?? 4;
    for (let id = 2; id <= threads; id++) {
      add(0.08 + 0.6 * ((id - 1) / threads), 'thread', `worker-${id - 1}`, { thread: id });
      if (id % 2 === 0)
        add(Math.min(0.97, 0.5 + 0.5 * (id / (threads + 1))), 'threadEnd', `worker-${id - 1}`, { thread: id });
    }
    if (this.options.ended === true) add(1, 'exit', 'exit code 0');
    this.events.sort((a, b) => a.icount - b.icount);
    this.bookmarks = [
      {
        id: 1,
        name: 'before the transfer',
        icount: Math.round(frontier * 0.28),
        thread: 1,
        text: 'ledger.c:21, transfer',
      },
      { id: 2, name: 'odd balance', icount: Math.round(frontier * 0.7), thread: 2, text: 'ledger.c:48, settle' },
    ];
  }

  get position(): Timeline['position'] {
    const { icount, frontier } = this;
    return { icount, frontier, start: 0, thread: 1, live: icount === frontier, ended: this.options.ended ?? false };
  }

  /** What the adapter answers. */
  timeline(question: { from?: number; to?: number; buckets?: number }): Timeline {
    const from = question.from ?? 0;
    const to = question.to ?? this.frontier;
    const buckets = question.buckets ?? 1000;
    const inside = this.events.filter((event) => event.icount >= from && event.icount <= to);
    return {
      position: this.position,
      recording: false,
      from,
      to,
      buckets,
      threads: this.threads(from, to),
      checkpoints: this.checkpoints(from, to, buckets),
      events: this.options.merge === false ? inside : merge(inside, from, to, buckets),
      bookmarks: this.bookmarks.filter((b) => b.icount >= from && b.icount <= to),
      branches: this.branches(),
      hits: this.hits,
    };
  }

  private threads(from: number, to: number): Timeline['threads'] {
    const count = this.options.threads ?? 4;
    return Array.from({ length: count }, (_, i) => {
      const id = i + 1;
      const born = this.events.find((e) => e.kind === 'thread' && e.thread === id)?.icount ?? 0;
      const died = this.events.find((e) => e.kind === 'threadEnd' && e.thread === id)?.icount;
      const next = random(id * 31);
      const active: [number, number][] = [];
      const end = died ?? this.frontier;
      for (let at = born; at < end;) {
        const length = (0.002 + next() ** 3 * 0.08) * this.frontier;
        const stop = Math.min(at + length, end);
        if (stop >= from && at <= to) active.push([Math.round(Math.max(at, from)), Math.round(Math.min(stop, to))]);
        at = stop + next() ** 2 * 0.03 * (id === 1 ? 1 : 3) * this.frontier;
      }
      return {
        id,
        name: id === 1 ? 'main' : `worker-${i}`,
        from: born,
        ...(died === undefined ? {} : { to: died }),
        active,
      };
    });
  }

  private checkpoints(from: number, to: number, buckets: number): Timeline['checkpoints'] {
    const made: Timeline['checkpoints'] = [];
    const width = (to - from) / buckets;
    let last = -Infinity;
    for (let i = 0; i <= 120; i++) {
      const icount = Math.round((this.frontier * i) / 120);
      if (icount < from || icount > to || icount - last < width) continue;
      last = icount;
      made.push({ icount, count: 1, cold: i < 80, pinned: i === 34 || i === 84 });
    }
    return made;
  }

  private branches(): Timeline['branches'] {
    const whole = { id: 1, name: 'history', from: 0, to: this.frontier, current: true };
    return Array.from({ length: this.options.branches ?? 1 }, (_, i) =>
      i === 0
        ? whole
        : {
            id: i + 1,
            name: `branch ${i}`,
            from: this.frontier * 0.2 * i,
            to: this.frontier * (0.4 + 0.2 * i),
            current: false,
          },
    );
  }
}

function merge(events: readonly TimelineEvent[], from: number, to: number, buckets: number): TimelineEvent[] {
  const made = new Map<string, TimelineEvent>();
  for (const event of events) {
    const bucket = Math.floor(((event.icount - from) / Math.max(to - from, 1)) * buckets);
    const key = `${bucket} ${event.kind} ${event.thread ?? 0} ${event.stream ?? ''}`;
    const known = made.get(key);
    if (known === undefined) {
      made.set(key, { ...event });
    } else {
      known.count++;
      known.to = event.icount;
      if (known.bytes !== undefined) known.bytes += event.bytes ?? 0;
    }
  }
  return [...made.values()].sort((a, b) => a.icount - b.icount);
}

/** The history of a number that goes up and down. */
export function valueHistory(writes: number, complete = true, type = 'int'): ValueHistory {
  const next = random(3);
  let value = 100;
  const occurrences: Occurrence[] = Array.from({ length: writes }, (_, i) => {
    const old = value;
    value += Math.round((next() - 0.47) * 40);
    return {
      icount: 120_000 + i * 4_211 + Math.round(next() * 4_000),
      thread: 1 + (i % 3 === 2 ? 1 : 0),
      function: i % 3 === 2 ? 'settle' : 'transfer',
      source: { name: 'ledger.c', path: '/src/ledger.c' },
      line: i % 3 === 2 ? 48 : 21,
      reason: 'data breakpoint',
      old: { text: String(old), number: old },
      new: { text: String(value), number: value },
      text: i % 3 === 2 ? 'settle ledger.c:48' : 'transfer ledger.c:21',
    };
  });
  const first = occurrences[0];
  return {
    name: 'account.balance',
    type,
    address: '0x7ffe1240',
    size: 4,
    from: 0,
    to: 48_230_117,
    complete,
    ...(first?.old === undefined ? {} : { initial: first.old }),
    occurrences,
  };
}
