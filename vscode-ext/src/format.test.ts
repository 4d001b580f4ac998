import assert from 'node:assert/strict';
import test from 'node:test';
import { ahead, count, label, message, parsePosition, passed, pastText, percent, statusText, statusTooltip } from './format';
import type { Position } from './protocol';

const at = (icount: number, more: Partial<Position> = {}): Position => ({ icount, frontier: 99_999, start: 0, thread: 1, live: icount === 99_999, ...more });

test('counts are grouped by thousands, however large', () => {
  assert.deepEqual([0, 999, 1000, 12345, 1234567, -1000, 2 ** 53].map(count), ['0', '999', '1,000', '12,345', '1,234,567', '-1,000', '9,007,199,254,740,992']);
  assert.equal(count(NaN), '?');
});

test('a share is never rounded to all or nothing', () => {
  assert.equal(percent(1, 1_000_000), '0.1 %');
  assert.equal(percent(999_999, 1_000_000), '99.9 %');
  assert.equal(percent(0, 5), '0 %');
  assert.equal(percent(5, 5), '100 %');
  assert.equal(percent(0, 0), '100 %');
  for (let part = 0; part <= 1000; part++) {
    const p = parseFloat(percent(part, 1000));
    assert.ok(Math.abs(p - part / 10) < 0.11, `${part}: ${p}`);
  }
});

test('the past is told from what is live', () => {
  assert.equal(statusText(at(12_345)), '$(history) 12,345 of 99,999 (12.3 %)');
  assert.equal(statusText(at(99_999)), '$(history) 99,999 · live');
  assert.equal(statusText(at(99_999, { ended: true })), '$(history) 99,999 · ended');
  assert.equal(pastText(at(12_345)), 'in the past — 87.7 % of the history lies ahead');
  assert.match(statusTooltip(at(5), false), /In the past.*Going on replays/);
  assert.match(statusTooltip(at(99_999), false), /\*\*Live\*\*/);
  assert.match(statusTooltip(at(99_999), true), /end of the recording/);
});

test('shares count from where the history begins', () => {
  const p = at(75_000, { start: 50_000, frontier: 100_000, live: false });
  assert.equal(passed(p), '50.0 %');
  assert.equal(ahead(p), '50.0 %');
  assert.match(statusTooltip(p, true), /begins at 50,000/);
});

test('positions are taken as people write them', () => {
  const good: [string, string][] = [
    ['12345', '12345'],
    ['12,345', '12345'],
    [' 12 345 ', '12345'],
    ["12'345", '12345'],
    ['+1_000', '+1000'],
    ['-1000', '-1000'],
    ['50%', '50%'],
    ['12.5 %', '12.5%'],
    ['Start', 'start'],
    ['end', 'end'],
    ['@my bookmark', '@my bookmark'],
  ];
  for (const [text, to] of good) assert.deepEqual(parsePosition(text), { to });
});

test('what is no position is explained', () => {
  for (const text of ['', 'abc', '1e9', '--1', '101%', '-5%', '%', '@', '1.5', '9'.repeat(30)]) {
    assert.ok('wrong' in parsePosition(text), text);
  }
});

test('what a program chose is shown as it is: no picture in a list, no link in a message', () => {
  assert.equal(label('  cost: $(trash) 5\t$ (x) $(loading~spin)\n'), 'cost: \\$(trash) 5 $ (x) \\$(loading~spin)');
  assert.equal(label('x'.repeat(1_000_000)).length, 300);
  // As VS Code recognizes links in messages.
  const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
  assert.match('The program [here](command:quit) does not exist.', link);
  assert.doesNotMatch(message('The program [here](command:quit) does not exist.'), link);
  assert.equal(message('v[3](x) and f(x)[2]').replaceAll('\u200b', ''), 'v[3](x) and f(x)[2]');
});
