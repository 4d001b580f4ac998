import assert from 'node:assert/strict';
import test from 'node:test';
import { OutputLines, SessionState } from './state';

const event = (name: string, body: unknown): unknown => ({ seq: 1, type: 'event', event: name, body });
const response = (command: string, success = true, body?: unknown): unknown => ({ seq: 1, type: 'response', request_seq: 1, command, success, body });
const here = { icount: 10, frontier: 100, start: 0, thread: 1, live: false };

test('a stop tells the position, a motion that nothing stands still any more', () => {
  const s = new SessionState();
  assert.deepEqual(s.take(event('stopped', { reason: 'step', threadId: 3, revexec: here })), [{ kind: 'stopped', position: here, reason: 'step', thread: 3 }]);
  assert.ok(s.stopped);
  for (const command of ['next', 'stepBack', 'revexec/seek', 'revexec/lastWrite']) {
    s.take(event('stopped', { reason: 'step', threadId: 3, revexec: here }));
    assert.deepEqual(s.take(response(command)), [{ kind: 'running' }], command);
    assert.ok(!s.stopped);
  }
  assert.deepEqual(s.position, here, 'the last position is kept');
});

test('after each request that moves the program it runs', () => {
  const moves = 'continue next stepIn stepOut stepBack reverseContinue goto restartFrame restart configurationDone'.split(' ');
  const own = 'reverseStepIn reverseStepOut lastWrite nextWrite seek lastExecution nextExecution backToCall'.split(' ');
  for (const command of [...moves, ...own.map((name) => `revexec/${name}`)]) {
    const s = new SessionState();
    s.take(event('stopped', { reason: 'step', threadId: 3, revexec: here }));
    s.take(response(command));
    assert.ok(!s.stopped, command);
  }
});

test('a session that is over searches nothing any more', () => {
  const s = new SessionState();
  s.take(event('progressStart', { progressId: 'a', title: 'Going back' }));
  s.end();
  assert.equal(s.searches.size, 0);
});

test('a request that fails, or one that only looks, leaves the program where it is', () => {
  const s = new SessionState();
  s.take(event('stopped', { reason: 'step', threadId: 1, revexec: here }));
  for (const m of [response('revexec/seek', false), response('revexec/timeline'), response('stackTrace')]) assert.deepEqual(s.take(m), []);
  assert.ok(s.stopped);
});

test('an older adapter that does not tell whether it is live is understood', () => {
  const s = new SessionState();
  s.take(event('stopped', { reason: 'step', revexec: { icount: 7, frontier: 7, thread: 2 } }));
  assert.deepEqual(s.position, { icount: 7, frontier: 7, start: 0, thread: 2, live: true });
  assert.equal(s.thread, 2);
});

test('output is kept by line with the moment of its first byte', () => {
  const s = new SessionState();
  const out = (output: string, icount: number, stream = 'stdout'): unknown => event('output', { category: stream, output, revexec: { icount, stream } });
  s.take(out('one\ntw', 5));
  s.take(out('oops\n', 6, 'stderr'));
  s.take(out('o\nthree', 8));
  assert.deepEqual(s.output.lines(), [
    { text: 'one', stream: 'stdout', icount: 5 },
    { text: 'two', stream: 'stdout', icount: 5 },
    { text: 'oops', stream: 'stderr', icount: 6 },
    { text: 'three', stream: 'stdout', icount: 8 },
  ]);
  s.take(response('restart'));
  assert.deepEqual(s.output.lines(), []);
});

test('a restart runs, and begins another history', () => {
  const s = new SessionState();
  s.take(event('stopped', { reason: 'step', threadId: 1, revexec: here }));
  const { history } = s;
  assert.deepEqual(s.take(response('restart', false)), [], 'one that failed');
  assert.deepEqual([s.stopped, s.position, s.history], [true, here, history]);
  assert.deepEqual(s.take(response('restart')), [{ kind: 'running' }]);
  assert.deepEqual([s.stopped, s.position], [false, undefined]);
  assert.notEqual(s.history, history);
});

test('of a line without an end not all is kept', () => {
  const o = new OutputLines();
  for (let i = 0; i < 1000; i++) o.add('x'.repeat(100), 'stdout', i);
  o.add('\nnext\n', 'stdout', 1000);
  assert.equal(o.lines().length, 2);
  assert.equal(o.lines()[0]?.text.length, 2000);
  assert.equal(o.lines()[1]?.text, 'next');
});

test('what is not of the program is no output', () => {
  const s = new SessionState();
  assert.deepEqual(s.take(event('output', { category: 'console', output: 'hello\n' })), []);
  assert.deepEqual(s.take(event('output', { category: 'stdout', output: 'hello\n' })), []);
  assert.deepEqual(s.output.lines(), []);
});

test('of very much output the newest lines are kept', () => {
  const o = new OutputLines(100);
  for (let i = 0; i < 1000; i++) o.add(`${i}\n`, 'stdout', i);
  assert.ok(o.lines().length >= 100 && o.lines().length <= 125);
  assert.equal(o.lines().at(-1)!.text, '999');
});

test('searches are known from their beginning to their end', () => {
  const s = new SessionState();
  assert.deepEqual(s.take(event('progressStart', { progressId: 'a', title: 'Going back' })), [{ kind: 'searching' }]);
  assert.deepEqual([...s.searches], [['a', 'Going back']]);
  assert.deepEqual(s.take(event('progressEnd', { progressId: 'b' })), []);
  assert.deepEqual(s.take(event('progressEnd', { progressId: 'a' })), [{ kind: 'searching' }]);
  assert.equal(s.searches.size, 0);
});

test('capabilities, changes of the timeline and missing debug information are noticed', () => {
  const s = new SessionState();
  s.take(response('initialize', true, { revexec: { requests: ['revexec/seek', 3], words: [] } }));
  assert.deepEqual(s.capabilities, { requests: ['revexec/seek'], words: [] });
  assert.deepEqual(s.take(event('revexec/timelineChanged', { what: ['bookmarks', 'x'] })), [{ kind: 'timeline', what: ['bookmarks'] }]);
  const text = 'app: no debug information (app was built without): only functions';
  assert.deepEqual(s.take(event('output', { category: 'console', output: `${text}\n` })), [{ kind: 'noDebugInfo', text }]);
});

test('the end is told once, and nothing stands still after it', () => {
  const s = new SessionState();
  s.take(event('stopped', { reason: 'exit', revexec: here }));
  assert.deepEqual(s.take(event('terminated', {})), [{ kind: 'ended' }]);
  assert.deepEqual(s.end(), []);
  assert.ok(!s.stopped && s.ended);
});

test('the frames that the editor was told of are known until the next stop', () => {
  const s = new SessionState();
  s.take(response('stackTrace', true, { stackFrames: [{ id: 7, name: 'main', line: 3, source: { path: '/a.c' } }, { id: 8, line: 0 }, 'x'] }));
  assert.deepEqual(s.frames.get(7), { id: 7, name: 'main', line: 3, source: { path: '/a.c' } });
  assert.deepEqual(s.frames.get(8), { id: 8, name: '', line: 0 });
  s.take(event('stopped', { reason: 'step', revexec: here }));
  assert.equal(s.frames.size, 0);
});

test('messages of any shape are taken', () => {
  const s = new SessionState();
  for (const m of [undefined, null, 3, 'x', [], {}, { type: 'event' }, event('stopped', null), event('stopped', { revexec: 'x', reason: 5 }), event('output', { revexec: {} }), event('progressStart', {}), response('initialize', true, { revexec: 4 }), event('revexec/timelineChanged', {})]) {
    assert.ok(Array.isArray(s.take(m)));
  }
});
