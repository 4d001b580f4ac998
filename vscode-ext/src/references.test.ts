import assert from 'node:assert/strict';
import test from 'node:test';
import { momentOf, parseFrameId, shows, sourceOf, type Address } from './references';

const file = (path: string): Address => ({ scheme: 'file', path, query: '', fsPath: path, toString: () => `file://${path}` });
const debug = (path: string, query: string): Address => ({ scheme: 'debug', path, query, fsPath: path, toString: () => `debug:${path}?${query}` });

test('a file is its path, and a source of the adapter its path and number', () => {
  assert.deepEqual(sourceOf(file('/ws/a.c')), { path: '/ws/a.c' });
  assert.deepEqual(sourceOf(debug('/rec/a.c', 'session=1-2&ref=1001')), { name: 'a.c', path: '/rec/a.c', sourceReference: 1001 });
  assert.deepEqual(sourceOf(debug('/rec/a.c', 'session=1')), { name: 'a.c', path: '/rec/a.c' });
});

test('an editor shows a source of the adapter only under the number it has', () => {
  assert.ok(shows(file('/ws/a.c'), { path: '/ws/a.c', sourceReference: 0 }));
  assert.ok(!shows(file('/ws/a.c'), { path: '/ws/b.c' }));
  assert.ok(shows(debug('/rec/a.c', 'ref=7'), { path: '/rec/a.c', sourceReference: 7 }));
  assert.ok(!shows(debug('/rec/a.c', 'ref=8'), { path: '/rec/a.c', sourceReference: 7 }));
  assert.ok(!shows(file('/rec/a.c'), { path: '/rec/a.c', sourceReference: 7 }));
  assert.ok(!shows(debug('/ws/a.c', 'ref=7'), { path: '/ws/a.c' }));
  assert.ok(!shows(file('/a.c'), {}));
});

test('the frame that a menu was opened on', () => {
  assert.deepEqual(parseFrameId('stackframe:4:2:std::vector<int>::push_back'), { thread: 4, level: 2 });
  assert.deepEqual(parseFrameId('stackframe:thread:0f3c-11:1000:2:a.c'), { thread: 1000, level: 2 });
  assert.equal(parseFrameId('thread:4'), undefined);
  assert.equal(parseFrameId('stackframe:x:y'), undefined);
});

test('the position of an output link', () => {
  assert.equal(momentOf('/12345/main.c'), 12345);
  assert.equal(momentOf('12345/output'), 12345);
  assert.equal(momentOf('/12345'), 12345);
  assert.equal(momentOf('/x/main.c'), undefined);
  assert.equal(momentOf(`/${'9'.repeat(40)}/main.c`), undefined);
});
