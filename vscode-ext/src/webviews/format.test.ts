import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, oneLine, share, things, tick } from './format';

test('only the ends of history are 0 % and 100 %', () => {
  assert.equal(share(0, 0, 1e9), '0 %');
  assert.equal(share(1, 0, 1e9), '0.1 %');
  assert.equal(share(1e9 - 1, 0, 1e9), '99.9 %');
  assert.equal(share(1e9, 0, 1e9), '100 %');
  assert.equal(share(5, 5, 5), '100 %', 'a history of nothing is seen whole');
  assert.equal(share(150, 100, 200), '50.0 %', 'a recording can begin later than at 0');
});

test('neighbouring ticks have different labels', () => {
  for (const step of [1, 20, 500, 5_000, 200_000, 1e6, 5e8, 2e9]) {
    for (const from of [0, 7 * step, 1_234_567 * step]) {
      const labels = Array.from({ length: 20 }, (_, i) => tick(from + i * step, step));
      assert.equal(new Set(labels).size, labels.length, `${labels.join(', ')} (step ${step})`);
    }
  }
});

test('ticks are short where they can be', () => {
  assert.equal(tick(1_500_000, 500_000), '1.5 M');
  assert.equal(tick(20_000_000, 10_000_000), '20 M');
  assert.equal(tick(1_500_020, 20), '1,500,020');
});

test('one thing is singular', () => {
  assert.equal(things(1, 'write'), '1 write');
  assert.equal(things(1234, 'write'), '1,234 writes');
  assert.equal(bytes(1), '1 byte');
  assert.equal(bytes(4096), '4.0 KiB');
});

test('a text of the program becomes one harmless line', () => {
  assert.equal(oneLine('a\nb\n'), 'a⏎b');
  assert.equal(oneLine('\u001b[31mred\u0000'), '�[31mred�');
  assert.equal(oneLine('\u202egnp.exe'), '�gnp.exe', 'nothing turns the direction of writing');
  assert.equal(oneLine('x'.repeat(1e6), 10), 'xxxxxxxxx…');
});
