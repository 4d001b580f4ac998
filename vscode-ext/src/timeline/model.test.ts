import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timeline, TimelineEvent } from '../protocol';
import { hit } from './hit';
import { layout } from './layout';
import { listed, mostListed } from './listed';
import { kinds, merged, neighbour, picture, place, sentence, title, whereabouts, type Thing } from './model';
import { Scale } from './scale';

function event(icount: number, kind: TimelineEvent['kind'], more: Partial<TimelineEvent> = {}): TimelineEvent {
  return { icount, kind, count: 1, text: '', ...more };
}

function timeline(more: Partial<Timeline> = {}): Timeline {
  return {
    position: { icount: 400, frontier: 1000, start: 0, thread: 1, live: false },
    recording: false,
    from: 0,
    to: 1000,
    buckets: 1000,
    threads: [{ id: 1, name: 'main', from: 0, active: [[0, 1000]] }],
    checkpoints: [{ icount: 0, count: 1 }],
    events: [],
    bookmarks: [],
    branches: [{ id: 1, name: 'history', from: 0, to: 1000, current: true }],
    hits: null,
    ...more,
  };
}

const thing = (icount: number, to = icount, count = 1): Thing => ({ kind: 'output', icount, to, count, text: '' });

test('a lane is there for what there is', () => {
  const keys = (t: Timeline): string[] => picture(t).lanes.map((lane) => lane.key);
  assert.deepEqual(keys(timeline()), ['stops', 'thread 1', 'checkpoints']);
  assert.deepEqual(keys(timeline({ events: [event(1, 'output'), event(2, 'input')] })), [
    'stops',
    'thread 1',
    'output',
    'input',
    'checkpoints',
  ]);
});

test('threads of the same name are told apart', () => {
  const threads = ['tally', 'tally', 'gc', ''].map((name, i) => ({ id: i + 1, name, from: 0, active: [] }));
  assert.deepEqual(
    picture(timeline({ threads })).lanes.flatMap((lane) => (lane.kind === 'thread' ? [lane.label] : [])),
    ['tally (1)', 'tally (2)', 'gc', 'Thread 4'],
  );
});

test('one branch is no choice; several have lanes', () => {
  const branch = (id: number): Timeline['branches'][number] => ({
    id,
    name: `b${id}`,
    from: 0,
    to: 9,
    current: id === 1,
  });
  const of = (n: number): number =>
    picture(timeline({ branches: Array.from({ length: n }, (_, i) => branch(i + 1)) })).lanes.filter(
      (l) => l.kind === 'branch',
    ).length;
  assert.equal(of(1), 0);
  assert.equal(of(3), 3);
});

test('nothing the adapter tells of is left out, not even of a thread it does not list', () => {
  const events = (Object.keys(kinds) as (keyof typeof kinds)[])
    .filter((kind) => kind !== 'bookmark' && kind !== 'checkpoint')
    .map((kind, i) => event(i * 10, kind, { thread: 99 }));
  const made = picture(timeline({ events }));
  const shown = made.lanes
    .filter((l) => l.kind !== 'checkpoints')
    .flatMap((lane) => lane.series.flatMap((s) => s.things.items));
  assert.equal(shown.length, events.length);
});

test('a merged thing says how many, and until when', () => {
  const one = merged([thing(1, 1, 2), thing(3, 7, 3)]);
  assert.equal(one?.count, 5);
  assert.equal(one.to, 7);
  assert.equal(title(one), '5 outputs');
  assert.equal(title(thing(1)), 'Output');
});

test('an event and a position are told in words', () => {
  const t = timeline({ bookmarks: [{ id: 1, name: 'odd', icount: 250, text: 'a.c:1' }] });
  const bookmark = picture(t).things.items[0]!;
  assert.equal(sentence(bookmark, t.position), 'Bookmark: odd, at 250 of 1,000 (25.0 %)');
  assert.equal(place(400, t.position), '400 of 1,000 (40.0 %)');
  assert.equal(whereabouts(t.position), 'in the past');
  assert.equal(whereabouts({ ...t.position, live: true }), 'live');
});

test('the neighbour is the nearest one on its side, never the position itself', () => {
  const all = [thing(10), thing(20), thing(30)];
  assert.deepEqual(neighbour(all, 20, 1), { icount: 30 });
  assert.deepEqual(neighbour(all, 20, -1), { icount: 10 });
  assert.deepEqual(neighbour(all, 25, -1), { icount: 20 });
  assert.equal(neighbour(all, 30, 1), undefined);
  assert.equal(neighbour(all, 10, -1), undefined);
});

test('inside of merged events the range to look into is told, and it holds the true neighbour', () => {
  // 100, 150 and 200 merged; the program is at 150 or between.
  const all = [thing(100, 200, 3), thing(300)];
  assert.deepEqual(neighbour(all, 100, 1), { within: { from: 101, to: 200 } });
  assert.deepEqual(neighbour(all, 160, 1), { within: { from: 161, to: 200 } });
  assert.deepEqual(neighbour(all, 160, -1), { within: { from: 100, to: 159 } });
  assert.deepEqual(neighbour(all, 300, -1), { icount: 200 });
  assert.deepEqual(neighbour([thing(100, 200, 2)], 100, 1), { icount: 200 }, 'of two the second is known');
});

test('what is seen is what is found', () => {
  const made = picture(timeline({ events: [event(500, 'breakpoint'), event(500, 'exception'), event(900, 'output')] }));
  const of = layout(made, 600, 200);
  const scale = new Scale({ from: 0, to: 1000 }, of.axis, of.left);
  const stops = of.bands.find((band) => band.lane.key === 'stops');
  const output = of.bands.find((band) => band.lane.key === 'output');
  assert.ok(stops && output);
  const at = (icount: number, band: typeof stops): Thing | undefined =>
    hit(of, scale, scale.x(icount), band.bodyTop + 3)?.thing;
  assert.equal(at(500, stops)?.kind, 'exception', 'the one drawn last is on top');
  assert.equal(at(900, output)?.kind, 'output');
  assert.equal(at(900, stops), undefined);
  assert.equal(at(700, stops), undefined, 'empty space is empty');
  assert.equal(hit(of, scale, scale.x(500), 2000), undefined);
});

test('lanes fit their layout, with names beside or above them', () => {
  const made = picture(timeline({ events: [event(1, 'output')] }));
  for (const [width, wide] of [
    [250, false],
    [1600, true],
  ] as const) {
    const of = layout(made, width, 200);
    assert.equal(of.wide, wide);
    assert.ok(of.left + of.axis <= width);
    of.bands.forEach((band, i) => {
      const next = of.bands[i + 1];
      assert.ok(!next || next.top >= band.top + band.height, 'bands do not overlap');
      assert.ok(band.bodyTop >= band.top && band.bodyTop + band.bodyHeight <= band.top + band.height);
    });
  }
  assert.equal(layout(undefined, 0, 0).axis, 1, 'no width is no error');
});

test('a list that is too long leaves out what says least, and tells of it', () => {
  const outputs = Array.from({ length: mostListed }, (_, i) => thing(i, i, 2));
  const exception: Thing = { ...thing(5), kind: 'exception' };
  const { things, left } = listed([...outputs, exception]);
  assert.deepEqual(things, [exception]);
  assert.deepEqual(left, [['output', mostListed * 2]]);
  const many = Array.from({ length: mostListed + 3 }, (_, i) => ({ ...exception, icount: i, to: i }));
  assert.deepEqual(listed(many), { things: many.slice(0, mostListed), left: [['exception', 3]] });
  assert.deepEqual(listed(outputs), { things: outputs, left: [] });
});
