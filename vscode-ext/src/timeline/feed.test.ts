import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timeline } from '../protocol';
import { Feed, type Question } from './feed';
import { Debounced, LastWins, type Clock } from './lastwins';

/** A clock that goes only when it is told to. */
class TestClock implements Clock {
  time = 0;
  private readonly timers = new Map<number, { at: number; run: () => void }>();
  private last = 0;

  set(run: () => void, ms: number): number {
    this.timers.set(++this.last, { at: this.time + ms, run });
    return this.last;
  }

  clear(timer: unknown): void {
    this.timers.delete(timer as number);
  }

  pass(ms: number): void {
    this.time += ms;
    for (const [id, { at, run }] of [...this.timers]) {
      if (at <= this.time && this.timers.delete(id)) run();
    }
  }
}

/** Lets everything that waits for promises go on. */
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

function answer({ from = 0, to = 1000, buckets }: Question): Timeline {
  const position = { icount: 0, frontier: 1000, start: 0, thread: 1, live: false };
  return {
    position,
    recording: false,
    from,
    to,
    buckets,
    threads: [],
    checkpoints: [],
    events: [],
    bookmarks: [],
    branches: [],
    hits: null,
  };
}

/** A feed whose questions a test answers. */
class Bench {
  readonly clock = new TestClock();
  readonly asked: { question: Question; answer: () => void; fail: () => void }[] = [];
  arrived = 0;
  readonly feed = new Feed(
    (question) =>
      new Promise<Timeline>((done, failed) => {
        this.asked.push({
          question,
          answer: () => {
            done(answer(question));
          },
          fail: () => {
            failed(new Error('running'));
          },
        });
      }),
    () => this.arrived++,
    this.clock,
    () => this.clock.time,
  );

  async pass(): Promise<void> {
    this.clock.pass(100);
    await settled();
  }

  async answerAll(): Promise<void> {
    for (const each of this.asked.splice(0)) each.answer();
    await settled();
  }
}

const limits = { from: 0, to: 1000 };

test('one at a time, and of those that wait the last one', async () => {
  const ran: number[] = [];
  const gates: (() => void)[] = [];
  const queue = new LastWins<number>((n) => {
    ran.push(n);
    return new Promise((done) => gates.push(done));
  });
  for (const n of [1, 2, 3, 4]) queue.put(n);
  assert.deepEqual(ran, [1]);
  gates[0]?.();
  await settled();
  assert.deepEqual(ran, [1, 4]);
  gates[1]?.();
  await settled();
  assert.equal(queue.busy, false);
  queue.put(5);
  assert.deepEqual(ran, [1, 4, 5]);
});

test('a debounced call waits for the last one, but not for ever', () => {
  const clock = new TestClock();
  const at: number[] = [];
  const soon = new Debounced(
    () => at.push(clock.time),
    60,
    250,
    clock,
    () => clock.time,
  );
  for (let i = 0; i < 40; i++) {
    soon.call();
    clock.pass(10);
  }
  assert.deepEqual(at.slice(0, 1), [250]);
});

test('nothing is asked while the program runs, and once it stands still', async () => {
  const bench = new Bench();
  bench.feed.look(limits, undefined, 500);
  await bench.pass();
  assert.equal(bench.asked.length, 0);
  bench.feed.allow(true);
  await bench.pass();
  assert.deepEqual(
    bench.asked.map((a) => a.question),
    [{ buckets: 500 }],
  );
});

test('a view is asked for with some of what is beside it, at the resolution of the screen', async () => {
  const bench = new Bench();
  bench.feed.allow(true);
  bench.feed.look(limits, { from: 400, to: 600 }, 500);
  await bench.pass();
  assert.deepEqual(
    bench.asked.map((a) => a.question),
    [{ buckets: 500 }, { from: 300, to: 700, buckets: 1000 }],
  );
  await bench.answerAll();
  bench.feed.look(limits, { from: 450, to: 650 }, 500);
  await bench.pass();
  assert.equal(bench.asked.length, 0, 'what is known is enough for a little panning');
});

test('the last picture stays until there is a newer one', async () => {
  const bench = new Bench();
  bench.feed.allow(true);
  bench.feed.look(limits, undefined, 500);
  await bench.pass();
  await bench.answerAll();
  const before = bench.feed.pictureFor(limits);
  assert.ok(before);
  bench.feed.outdate();
  await bench.pass();
  assert.equal(bench.feed.pictureFor(limits), before);
  await bench.answerAll();
  assert.notEqual(bench.feed.pictureFor(limits), before);
});

test('an answer about another history is dropped', async () => {
  const bench = new Bench();
  bench.feed.allow(true);
  bench.feed.look(limits, undefined, 500);
  await bench.pass();
  const [old] = bench.asked.splice(0);
  bench.feed.reset();
  old?.answer();
  await settled();
  assert.equal(bench.arrived, 0);
  assert.equal(bench.feed.overview, undefined);
  await bench.pass();
  await bench.answerAll();
  assert.ok(bench.feed.overview);
});

test('a question that failed is asked again when the program stands still', async () => {
  const bench = new Bench();
  bench.feed.allow(true);
  bench.feed.look(limits, undefined, 500);
  await bench.pass();
  bench.feed.allow(false);
  bench.asked.splice(0)[0]?.fail();
  await settled();
  bench.feed.allow(true);
  await bench.pass();
  assert.equal(bench.asked.length, 1);
});
