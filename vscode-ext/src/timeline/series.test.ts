import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scale } from './scale';
import { Series, Stretches } from './series';

/** So many positions in [0, 10⁶), unordered. */
function positions(count: number): number[] {
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 1e6);
  });
}

const same = (n: number): number => n;

test('every thing in view is in exactly one bin, whatever the zoom', () => {
  const series = new Series(positions(5000), same);
  for (const [from, to] of [
    [0, 1e6],
    [1234, 5678],
    [999_000, 1e6],
    [500, 516],
  ] as const) {
    const scale = new Scale({ from, to }, 800);
    const bins = series.bins(scale, 8);
    let end = bins[0]?.first ?? series.firstFrom(from);
    for (const bin of bins) {
      assert.equal(bin.first, end, 'bins follow one another');
      assert.ok(bin.end > bin.first, 'no bin is empty');
      assert.equal(bin.weight, bin.end - bin.first);
      assert.equal(bin.icount, series.items[bin.first]);
      const last = series.items[bin.end - 1] ?? NaN;
      assert.ok(scale.x(last) - scale.x(bin.icount) <= 8, 'a bin is no wider than asked for');
      end = bin.end;
    }
    assert.ok((bins[0]?.first ?? 0) <= series.firstFrom(from));
    assert.equal(end, series.firstFrom(to + 1), 'the last one in view is in a bin');
  }
});

test('bins stay the same while panning', () => {
  const series = new Series(positions(2000), same);
  const starts = (from: number): number[] =>
    series.bins(new Scale({ from, to: from + 100_000 }, 500), 8).map((b) => b.icount);
  const [here, there] = [starts(300_000), starts(301_777)];
  const common = (bins: number[]): number[] => bins.filter((icount) => icount > 302_000 && icount < 399_000);
  assert.ok(common(here).length > 20);
  assert.deepEqual(common(here), common(there));
});

test('as many bins as pixels allow, not as many as things', () => {
  const series = new Series(positions(100_000), same);
  const bins = series.bins(new Scale({ from: 0, to: 1e6 }, 1600), 2);
  assert.ok(bins.length <= 1602, String(bins.length));
  assert.equal(
    bins.reduce((sum, bin) => sum + bin.weight, 0),
    100_000,
  );
});

test('things at one position are one bin', () => {
  const series = new Series([5, 5, 5, 9], same);
  assert.deepEqual(
    series.bins(new Scale({ from: 0, to: 16 }, 1600), 2).map((bin) => [bin.icount, bin.weight]),
    [
      [5, 3],
      [9, 1],
    ],
  );
});

test('a weight is what it is said to be', () => {
  const series = new Series(
    [
      { at: 1, n: 10 },
      { at: 2, n: 5 },
    ],
    (t) => t.at,
    (t) => t.n,
  );
  assert.equal(series.bins(new Scale({ from: 0, to: 100 }, 10), 10)[0]?.weight, 15);
});

test('stretches are joined only where no gap could be seen', () => {
  const stretches = new Stretches([
    [0, 100],
    [101, 200],
    [500, 600],
  ]);
  const scale = new Scale({ from: 0, to: 1000 }, 100);
  assert.deepEqual(stretches.pixels(scale), [0, 20, 50, 60]);
});

test('what is drawn of stretches covers them, and costs no more than the pixels', () => {
  const made: [number, number][] = [];
  for (let at = 0; made.length < 100_000; at += 10) made.push([at, at + 4]);
  const stretches = new Stretches(made);
  for (const size of [1e6, 1e4, 300]) {
    const scale = new Scale({ from: 5000, to: 5000 + size }, 1000);
    const pixels = stretches.pixels(scale);
    assert.ok(pixels.length <= 2002, String(pixels.length));
    const covered = (icount: number): boolean => {
      const x = scale.x(icount);
      for (let i = 0; i + 1 < pixels.length; i += 2) {
        if ((pixels[i] ?? NaN) <= x + 1e-9 && x <= (pixels[i + 1] ?? NaN) + 1e-9) return true;
      }
      return false;
    };
    for (let at = 5000; at < Math.min(5000 + size, 1e6); at += Math.ceil(size / 3000) * 10)
      assert.ok(covered(at + 2), `${at} of ${size}`);
  }
});

test('the stretch that holds a position is found', () => {
  const stretches = new Stretches([
    [10, 20],
    [30, 40],
  ]);
  assert.deepEqual(stretches.holding(10), [10, 20]);
  assert.deepEqual(stretches.holding(40), [30, 40]);
  assert.equal(stretches.holding(25), undefined);
  assert.equal(stretches.holding(41), undefined);
});

test('a bin that begins left of the view is the same one while the view is panned', () => {
  const series = new Series(positions(20_000), same);
  const seen = new Map<number, number>();
  for (let from = 400_000; from < 402_000; from += 37) {
    for (const bin of series.bins(new Scale({ from, to: from + 50_000 }, 800), 8)) {
      assert.equal(seen.get(bin.end) ?? bin.first, bin.first, 'what ends there has begun elsewhere before');
      seen.set(bin.end, bin.first);
    }
  }
  assert.ok(seen.size > 50);
});
