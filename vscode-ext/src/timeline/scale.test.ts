import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest, covers, panned, revealing, Scale, span, ticks, within, zoomed, type Range } from './scale';

const limits: Range = { from: 0, to: 1_000_000 };

/** Numbers that look random, the same in each run. */
function* numbers(count: number): Generator<number> {
  let state = 42;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

test('a pixel and its position belong together', () => {
  const scale = new Scale({ from: 500, to: 900 }, 800, 20);
  for (const icount of [500, 501, 700, 899, 900]) {
    assert.equal(scale.icount(scale.x(icount)), icount);
  }
  assert.equal(scale.x(500), 20);
  assert.equal(scale.x(900), 820);
});

test('a window of an axis has the same pixels', () => {
  const scale = new Scale({ from: 500, to: 900 }, 800, 20);
  const part = scale.around({ from: 600.5, to: 601 });
  assert.ok(Math.abs(part.x(700) - scale.x(700)) < 1e-6);
  assert.equal(part.instructions(10), scale.instructions(10));
});

test('zooming keeps what is under the pointer, unless an end of history is in the way', () => {
  for (const part of numbers(200)) {
    const range = { from: 400_000, to: 600_000 };
    const at = range.from + part * span(range);
    const closer = zoomed(range, limits, at, 0.7);
    const before = new Scale(range, 1000).x(at);
    const after = new Scale(closer, 1000).x(at);
    assert.ok(Math.abs(before - after) < 1e-6, `${before} ${after}`);
  }
});

test('no zooming or panning leaves the history', () => {
  let range = limits;
  let i = 0;
  for (const part of numbers(2000)) {
    range =
      i++ % 3 === 0 ? panned(range, limits, (part - 0.5) * 2e6) : zoomed(range, limits, part * 1e6, 0.2 + part * 2.2);
    assert.ok(range.from >= limits.from - 1e-6 && range.to <= limits.to + 1e-6, `${range.from} ${range.to}`);
    assert.ok(span(range) >= closest - 1e-6);
  }
});

test('a history shorter than the closest zoom is shown whole', () => {
  const tiny = { from: 0, to: 3 };
  assert.deepEqual(within({ from: 0, to: 100 }, tiny), tiny);
  assert.deepEqual(zoomed(tiny, tiny, 1, 0.5), tiny);
});

test('revealing moves only what it must', () => {
  const range = { from: 1000, to: 2000 };
  assert.deepEqual(revealing(range, limits, 1500), range);
  const later = revealing(range, limits, 2500);
  assert.equal(span(later), 1000);
  assert.ok(later.to >= 2500 && later.from < 2500);
  const earlier = revealing(range, limits, 10);
  assert.equal(earlier.from, 0);
});

test('covering allows for a rounding, and no more', () => {
  assert.ok(covers({ from: 10, to: 20 }, { from: 9.5, to: 20.5 }));
  assert.ok(!covers({ from: 10, to: 20 }, { from: 8, to: 20 }));
});

test('labels of ticks have room, at every zoom', () => {
  const width = (label: string): number => label.length * 6;
  for (const size of [16, 100, 12_345, 1e6, 3e9, 7e12]) {
    for (const pixels of [120, 250, 800, 1600]) {
      const scale = new Scale({ from: size * 3, to: size * 4 }, pixels);
      const made = ticks(scale, width);
      made.forEach((tick, i) => {
        const next = made[i + 1];
        if (next) {
          const gap = scale.x(next.icount) - scale.x(tick.icount) - (width(tick.label) + width(next.label)) / 2;
          assert.ok(gap > 0, `${tick.label} and ${next.label} at ${pixels} pixels`);
        }
      });
      if (pixels >= 800) assert.ok(made.length >= 2, `${made.length} ticks in ${pixels} pixels, ${size} instructions`);
    }
  }
});
