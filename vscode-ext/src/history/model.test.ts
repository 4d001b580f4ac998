import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Occurrence, ValueHistory } from '../protocol';
import { copied, csv, here, place, plot, rows, rowText, steps, summary, visible } from './model';
import { continues } from './refresh';

function write(icount: number, from: number, to: number, more: Partial<Occurrence> = {}): Occurrence {
  return {
    icount,
    thread: 1,
    reason: 'data breakpoint',
    text: 'f a.c:3',
    function: 'f',
    source: { path: '/x/a.c' },
    line: 3,
    old: { text: String(from), number: from },
    new: { text: String(to), number: to },
    ...more,
  };
}

function history(occurrences: Occurrence[], more: Partial<ValueHistory> = {}): ValueHistory {
  return {
    name: 'v',
    address: '0x10',
    size: 4,
    from: 0,
    to: 1000,
    complete: true,
    initial: { text: '0', number: 0 },
    occurrences,
    ...more,
  };
}

const some = history([write(100, 0, 1), write(200, 1, 2), write(300, 2, 3)]);

test('the value at the beginning is a row, unless writes after it are missing', () => {
  assert.deepEqual(
    rows(some).map((row) => row.value),
    ['0', '1', '2', '3'],
  );
  assert.deepEqual(
    rows({ ...some, complete: false }).map((row) => row.value),
    ['1', '2', '3'],
  );
  assert.match(summary({ ...some, complete: false }), /^The newest 3 writes of more/);
});

test('at the position of a write the old value still holds', () => {
  const all = rows(some);
  assert.deepEqual(here(all, 200), { index: 2, before: true });
  assert.deepEqual(here(all, 201), { index: 2, before: false });
  assert.deepEqual(here(all, 199), { index: 1, before: false });
  assert.deepEqual(here(all, 0), { index: 0, before: false });
  assert.deepEqual(here(all, 9999), { index: 3, before: false });
  assert.equal(
    here(rows({ ...some, complete: false }), 50),
    undefined,
    'before the first known write nothing is known',
  );
});

test('only the rows in view are built', () => {
  assert.deepEqual(visible(0, 220, 22, 10_000), { first: 0, end: 18 });
  const { first, end } = visible(110_000, 220, 22, 10_000);
  assert.ok(first <= 5000 && end >= 5010 && end - first < 40);
  assert.deepEqual(visible(1e9, 220, 22, 5), { first: 5, end: 5 });
});

test('the table is CSV that gives back every text, and nothing in it is a formula', () => {
  const nasty = history([
    write(1, 0, 0, { old: { text: '"a,b"\n' }, new: { text: '=HYPERLINK("http://x")' }, function: 'g<int, long>' }),
    write(2, -5, -6),
  ]);
  const lines = csv(rows(nasty).slice(1)).split('\r\n');
  assert.equal(lines[0], 'position,thread,function,file,line,old,new');
  assert.equal(lines[1], '1,1,"g<int, long>",/x/a.c,3,"""a,b""\n","\'=HYPERLINK(""http://x"")"');
  assert.equal(lines[2], '2,1,f,/x/a.c,3,-5,-6', 'a negative number is a number');
  assert.equal(copied(rows(nasty)).split('\n').length, 5, 'a line for each row');
});

test('a place is told with what there is', () => {
  assert.equal(place(write(1, 0, 1)), 'f, a.c:3');
  assert.equal(place({ icount: 1, thread: 1, reason: '', text: '0x401000' }), '0x401000');
  assert.match(rowText(rows(some)[1]!, undefined), /^0 becomes 1, f, a\.c:3, thread 1, at position 100$/);
});

test('there is a plot for numbers only', () => {
  assert.deepEqual(
    steps(some)?.map((step) => step.value),
    [0, 1, 2, 3],
  );
  assert.equal(steps(history([write(1, 0, 1), write(2, 1, 2, { new: { text: '0x7ffe' } })])), undefined);
  assert.equal(steps(history([])), undefined, 'one value is no plot');
  const incomplete = steps({ ...some, complete: false });
  assert.equal(incomplete?.[0]?.icount, 100, 'it begins where it is known');
});

test('no extreme gets lost between the pixels of a plot', () => {
  const all = Array.from({ length: 10_000 }, (_, i) => ({
    icount: i,
    value: i === 4321 ? 99 : i === 7000 ? -99 : i % 3,
  }));
  const columns = plot(all, 0, 10_000, 300);
  assert.ok(columns.length <= 301);
  assert.equal(Math.max(...columns.map((c) => c.high)), 99);
  assert.equal(Math.min(...columns.map((c) => c.low)), -99);
  columns.forEach((column, i) => {
    const before = columns[i - 1];
    if (before) assert.equal(column.enter, before.leave, 'the line is in one piece');
  });
});

test('a variable of another call is another one', () => {
  assert.ok(continues(some, { ...some, to: 2000, occurrences: [] }));
  assert.ok(!continues(some, { ...some, from: 500 }));
  assert.ok(!continues(some, { ...some, address: '0x20' }));
});

test('a value that is a formula is one nowhere that it is pasted or opened', () => {
  const formulas = ['=1+1', '@SUM(A1)', "-1+cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", '-x'];
  for (const text of formulas) {
    const all = rows({ ...some, complete: false, occurrences: [{ icount: 1, thread: 1, reason: 'w', text: '', new: { text } }] });
    assert.ok(csv(all).includes(`'${text}`), text);
    assert.ok(copied(all).includes(`\t'${text}`), text);
  }
  for (const text of ['-1', '+2.5', '-1.5e-10', '12']) {
    const all = rows({ ...some, complete: false, occurrences: [{ icount: 1, thread: 1, reason: 'w', text: '', new: { text } }] });
    assert.ok(csv(all).includes(`,${text}\r\n`), text);
  }
});
