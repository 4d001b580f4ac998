// Questions to the history, and the motions to their answers: bookmarks, the timeline, values,
// executions, hits, output; the cancelling of what takes long; recordings.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Bookmark, Occurrence, Timeline, ValueHistory, Where } from '../../src/protocol';
import { temporaryDirectory } from '../support/paths';
import { compile } from '../support/programs';
import { Debuggee } from './debuggee';

const dir = temporaryDirectory('dap-queries');
const ledger = compile('ledger', dir);
const march = compile('march', dir);

/** The balance after each day. */
const balances = ['9', '27', '54', '90', '135'];

interface Found {
  readonly occurrences: Occurrence[];
  readonly complete: boolean;
}

interface Moment {
  readonly icount: number;
  readonly stream: string;
  readonly offset: number;
  readonly size: number;
  readonly text: string;
}

/** The ledger, stopped at its last line: all that it does is past. */
async function closed(t: TestContext): Promise<Debuggee> {
  const d = await Debuggee.overStdio(t);
  await d.launch(ledger);
  await d.breakAt(ledger, 'last');
  await d.client.configurationDoneRequest();
  await d.stopped('breakpoint');
  return d;
}

const here = async (d: Debuggee): Promise<number> => (await d.ask<Where>('revexec/where')).icount;

/** Asks what only looks, and checks that the program is where it was and nothing else was told. */
async function look<T>(d: Debuggee, command: string, args: object = {}): Promise<T> {
  const before = await here(d);
  const answer = await d.ask<T>(command, args);
  assert.equal(await here(d), before, `${command} leaves the position`);
  d.none('stopped');
  return answer;
}

async function goTo(d: Debuggee, icount: number): Promise<void> {
  await d.ask('revexec/seek', { icount });
  await d.stopped('goto');
}

function ascending(occurrences: readonly { icount: number }[]): void {
  const icounts = occurrences.map((o) => o.icount);
  assert.deepEqual(icounts, [...icounts].sort((a, b) => a - b));
}

test('bookmarks are made, named, gone to and removed', async (t) => {
  const d = await closed(t);
  const end = await here(d);
  const { bookmark: last } = await look<{ bookmark: Bookmark }>(d, 'revexec/setBookmark', { name: 'closing' });
  assert.deepEqual([last.name, last.icount, last.line, last.source?.path], ['closing', end, ledger.line('last'), ledger.source]);
  assert.deepEqual((await d.event<{ what: string[] }>('revexec/timelineChanged')).body.what, ['bookmarks']);
  const { bookmark: early } = await look<{ bookmark: Bookmark }>(d, 'revexec/setBookmark', { icount: 1000 });
  const ids = async (): Promise<number[]> => (await look<{ bookmarks: Bookmark[] }>(d, 'revexec/bookmarks')).bookmarks.map((b) => b.id);
  assert.deepEqual(await ids(), [early.id, last.id]);

  await d.ask('revexec/setBookmark', { id: early.id, name: 'early' });
  await d.ask('revexec/seek', { to: '@early' });
  assert.equal((await d.stopped('goto')).revexec.icount, 1000);
  await d.ask('revexec/seek', { to: `@${last.id.toString()}` });
  assert.equal((await d.stopped('goto')).revexec.icount, end);

  await d.ask('revexec/removeBookmark', { id: early.id });
  assert.deepEqual(await ids(), [last.id]);
  await d.refused('revexec/removeBookmark', { id: early.id }, /bookmark/);
  await d.refused('revexec/seek', { to: '@early' }, /early/);
  await d.refused('revexec/setBookmark', { icount: end + 1e6 }, /./);
});

test('the timeline tells threads, output, stops and bookmarks, as finely as the buckets allow', async (t) => {
  const d = await closed(t);
  const { bookmark } = await d.ask<{ bookmark: Bookmark }>('revexec/setBookmark', { name: 'here' });
  const whole = await look<Timeline>(d, 'revexec/timeline', { buckets: 10_000 });
  const end = await here(d);
  assert.deepEqual([whole.from, whole.to, whole.position.icount, whole.position.live, whole.recording], [0, end, end, true, false]);
  assert.equal(whole.threads.length, 1);
  assert.equal(whole.threads[0]?.from, 0);
  const outputs = whole.events.filter((e) => e.kind === 'output');
  assert.equal(outputs.reduce((n, e) => n + e.count, 0), 5);
  assert.equal(outputs.reduce((n, e) => n + (e.bytes ?? 0), 0), d.output.stdout.length);
  assert.deepEqual(whole.events.filter((e) => e.kind === 'breakpoint').map((e) => e.icount), [end]);
  assert.deepEqual(whole.bookmarks, [bookmark]);
  assert.ok(whole.checkpoints.some((c) => c.pinned));
  assert.equal(whole.hits, null);
  ascending(whole.events);

  const one = await look<Timeline>(d, 'revexec/timeline', { buckets: 1 });
  assert.deepEqual(one.events.filter((e) => e.kind === 'output').map((e) => [e.icount, e.to, e.count]), [[outputs[0]?.icount, outputs.at(-1)?.to ?? outputs.at(-1)?.icount, 5]]);
  const second = outputs[1];
  assert.ok(second);
  const part = await look<Timeline>(d, 'revexec/timeline', { from: second.icount, to: second.icount + 1 });
  assert.deepEqual(part.events.map((e) => [e.kind, e.icount]), [['output', second.icount]]);
  for (const buckets of [-1, 10_001]) await d.refused('revexec/timeline', { buckets }, /buckets/);
});

test('a value’s history has each write, and each can be gone to', async (t) => {
  const d = await closed(t);
  const values = await look<ValueHistory>(d, 'revexec/valueHistory', { name: 'balance' });
  assert.deepEqual([values.complete, values.from, values.type, values.size, values.initial?.text], [true, 0, 'int', 4, '0']);
  assert.deepEqual(values.occurrences.map((o) => o.new?.text), balances);
  assert.deepEqual(values.occurrences.map((o) => o.old?.number), [0, 9, 27, 54, 90]);
  assert.deepEqual(new Set(values.occurrences.map((o) => o.line)), new Set([ledger.line('write')]));
  ascending(values.occurrences);
  for (const o of values.occurrences) {
    await goTo(d, o.icount);
    assert.equal(await d.value('balance'), o.old?.text);
  }
  await d.ask('revexec/seek', { to: 'end' });
  await d.stopped('goto');
  const newest = await look<ValueHistory>(d, 'revexec/valueHistory', { name: 'balance', limit: 2 });
  assert.equal(newest.complete, false);
  assert.deepEqual(newest.occurrences.map((o) => o.new?.text), balances.slice(-2));
});

test('a local variable’s history begins with its function', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(ledger);
  await d.breakAt(ledger, ['book-end', { condition: 'amount == 30' }]);
  await d.client.configurationDoneRequest();
  await d.stopped('breakpoint');
  const [top] = await d.frames();
  assert.ok(top);
  const values = await look<ValueHistory>(d, 'revexec/valueHistory', { name: 'cost', frameId: top.id });
  assert.deepEqual([values.complete, values.from > 0], [true, true]);
  assert.deepEqual(values.occurrences.map((o) => o.new?.text), ['3']);
  assert.equal(values.occurrences[0]?.function, 'book');
});

test('executions of a line are found, and gone to one after the other, forward and backward', async (t) => {
  const d = await closed(t);
  const place = { source: { path: ledger.source }, line: ledger.line('print') };
  const all = await look<Found>(d, 'revexec/executions', place);
  assert.deepEqual([all.occurrences.length, all.complete], [5, true]);
  ascending(all.occurrences);
  assert.deepEqual((await look<Found>(d, 'revexec/executions', { ...place, limit: 2 })).occurrences.map((o) => o.icount), all.occurrences.slice(3).map((o) => o.icount));
  assert.equal((await look<Found>(d, 'revexec/executions', { function: 'fee' })).occurrences.length, 5);

  await d.breakAt(ledger);
  for (const o of [...all.occurrences].reverse()) {
    await d.ask('revexec/lastExecution', place);
    assert.equal((await d.stopped('goto')).revexec.icount, o.icount);
  }
  await d.ask('revexec/lastExecution', place);
  const stays = await d.stopped('step');
  assert.equal(stays.revexec.icount, all.occurrences[0]?.icount);
  assert.ok(stays.description);
  await d.ask('revexec/nextExecution', place);
  assert.equal((await d.stopped('goto')).revexec.icount, all.occurrences[1]?.icount);
});

test('going back to an execution stops at breakpoints only if it is asked to', async (t) => {
  const d = await closed(t);
  await d.breakAt(ledger, 'write');
  const place = { source: { path: ledger.source }, line: ledger.line('first') };
  await d.ask('revexec/lastExecution', { ...place, breakpoints: true });
  await d.stopped('breakpoint');
  assert.equal(await d.line(), ledger.line('write'));
  await d.ask('revexec/lastExecution', place);
  await d.stopped('goto');
  assert.equal(await d.line(), ledger.line('first'));
});

test('going on to an execution goes past what is recorded', async (t) => {
  const d = await Debuggee.overStdio(t);
  const { revexec: { frontier } } = await d.start(ledger);
  await d.ask('revexec/nextExecution', { source: { path: ledger.source }, line: ledger.line('last') });
  assert.ok((await d.stopped('goto')).revexec.frontier > frontier);
  assert.equal(await d.line(), ledger.line('last'));
});

test('all hits of what is set are found in what has run before it was set', async (t) => {
  const d = await closed(t);
  await d.breakAt(ledger, ['call-book', { condition: 'day % 2 == 1' }]);
  await d.watch('balance');
  const found = await look<Found>(d, 'revexec/findHits');
  assert.equal(found.complete, true);
  ascending(found.occurrences);
  const at = (reason: string): (number | undefined)[] => found.occurrences.filter((o) => o.reason === reason).map((o) => o.line);
  assert.deepEqual(at('breakpoint'), Array<number>(3).fill(ledger.line('call-book')));
  assert.deepEqual(at('data breakpoint'), Array<number>(5).fill(ledger.line('write')));
  assert.ok((await d.event<{ what: string[] }>('revexec/timelineChanged')).body.what.includes('hits'));
  const timeline = await look<Timeline>(d, 'revexec/timeline', { buckets: 10_000 });
  assert.deepEqual(timeline.hits, { from: 0, to: timeline.to });
  assert.equal(timeline.events.filter((e) => e.kind === 'dataBreakpoint').reduce((n, e) => n + e.count, 0), 5);

  await d.breakAt(ledger);
  assert.equal((await look<Timeline>(d, 'revexec/timeline')).hits, null, 'what is set has changed');
});

test('the moment of an output is found by its place in the stream and by its text', async (t) => {
  const d = await closed(t);
  const offset = d.output.stdout.indexOf('day 3');
  const byPlace = await look<Moment>(d, 'revexec/outputMoment', { offset });
  assert.deepEqual([byPlace.stream, byPlace.offset, byPlace.text], ['stdout', offset, 'day 3: 54\n']);
  assert.deepEqual(await look<Moment>(d, 'revexec/outputMoment', { text: '3: 54' }), byPlace);
  const latest = await look<Moment>(d, 'revexec/outputMoment', { text: 'day' });
  assert.equal(latest.text, 'day 5: 135\n');
  assert.equal((await look<Moment>(d, 'revexec/outputMoment', { text: 'day', before: latest.icount })).text, 'day 4: 90\n');
  await goTo(d, byPlace.icount);
  assert.equal(await d.value('balance'), '54');
  await d.refused('revexec/outputMoment', { text: 'day 6' }, /day 6/);
  await d.refused('revexec/outputMoment', { offset: 1_000_000 }, /./);
});

test('back to call leads to right before the call of the next inner frame', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(ledger);
  await d.breakAt(ledger, ['fee-return', { condition: 'amount == 20' }]);
  await d.client.configurationDoneRequest();
  await d.stopped('breakpoint');
  const [inner, book, main] = await d.frames();
  assert.ok(inner && book && main);
  await d.refused('revexec/backToCall', { frameId: inner.id }, /./);
  await d.ask('revexec/backToCall', { frameId: main.id });
  await d.stopped('goto');
  assert.equal(await d.line(), ledger.line('call-book'));
  assert.equal(await d.value('day'), '2');
  await d.refused('revexec/backToCall', { frameId: book.id }, /./);
});

test('what takes long tells its progress, and is cancelled by it', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(march, { args: ['10'] });
  await d.breakAt(march, 'last');
  await d.client.configurationDoneRequest();
  const { threadId, revexec: { icount: end } } = await d.stopped('breakpoint');
  // Each of ten million executions has to be looked at.
  await d.breakAt(march, ['step', { condition: 'i == -1' }]);

  // Sends what takes long, and cancels it as soon as it tells its progress.
  const cancelled = async (command: string, args: object): Promise<unknown> => {
    const [answer] = await Promise.allSettled([
      d.ask(command, args),
      (async () => {
        const { body: { progressId } } = await d.event<{ progressId: string }>('progressStart');
        await d.ask('cancel', { progressId });
        assert.equal((await d.event<{ progressId: string }>('progressEnd')).body.progressId, progressId);
      })(),
    ]);
    return answer.status === 'rejected' ? answer.reason : undefined;
  };
  assert.match(String(await cancelled('revexec/findHits', {})), /cancelled/);
  assert.equal(await here(d), end);
  d.none('stopped');

  assert.equal(await cancelled('reverseContinue', { threadId }), undefined);
  assert.equal((await d.stopped('pause')).revexec.icount, end, 'a cancelled motion backward stays');
  await d.breakAt(march);
  await d.move('stepBack');
});

/** What is left when a session has recorded the ledger's whole life. */
async function recorded(t: TestContext, name: string): Promise<{ file: string; end: number }> {
  const file = join(dir, name);
  const d = await Debuggee.overStdio(t);
  await d.start(ledger, { record: file });
  const end = await d.move('continue', 'exit');
  await d.close();
  assert.ok(existsSync(file));
  return { file, end: end.revexec.frontier };
}

test('a recording has the whole history, and can’t go beyond it', async (t) => {
  const { file, end } = await recorded(t, 'whole.rvx');
  const d = await Debuggee.overStdio(t);
  await d.initialize();
  await d.client.launchRequest({ recording: file, position: '50%', sourcePaths: [dir] } as object);
  await d.event('initialized');
  await d.client.configurationDoneRequest();
  const middle = await d.stopped('goto');
  assert.equal(middle.revexec.frontier, end);
  assert.ok(Math.abs(middle.revexec.icount - end / 2) <= 1);
  assert.equal((await look<Timeline>(d, 'revexec/timeline')).recording, true);
  const values = await look<ValueHistory>(d, 'revexec/valueHistory', { name: 'balance' });
  assert.deepEqual(values.occurrences.map((o) => o.new?.text), balances);
  assert.equal((await d.move('continue', 'exit')).revexec.icount, end);
  assert.equal((await look<Moment>(d, 'revexec/outputMoment', { text: 'closed' })).text, 'closed\n');
  assert.equal((await d.move('reverseContinue', 'entry')).revexec.icount, 0);
});

test('save makes a recording of the session so far, in which one can’t go on', async (t) => {
  const d = await closed(t);
  const end = await here(d);
  const file = join(dir, 'saved.rvx');
  await d.console(`save ${file}`);
  await d.close();
  const r = await Debuggee.overStdio(t);
  await r.initialize();
  await r.client.launchRequest({ recording: file, position: 'end' } as object);
  await r.event('initialized');
  await r.client.configurationDoneRequest();
  const stop = await r.stopped('goto');
  assert.equal(stop.revexec.icount, end);
  const still = await r.move('continue', 'pause');
  assert.deepEqual([still.revexec.icount, still.description], [end, 'End of the recording']);
  assert.equal(await r.value('balance'), '135');
});
