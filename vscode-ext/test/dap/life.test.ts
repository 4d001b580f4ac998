// The whole life of a session over stdio: from initialize to disconnect, forward and
// backward, on a program that is compiled here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/paths';
import { compile } from '../support/programs';
import { Debuggee } from './debuggee';

const dir = temporaryDirectory('dap');
const ledger = compile('ledger', dir);
const crash = compile('crash', dir);
const spin = compile('spin', dir);

test('initialize tells what the adapter can', async (t) => {
  const d = await Debuggee.overStdio(t);
  const can = await d.launch(ledger, { stopOnEntry: true });
  assert.equal(can.supportsStepBack, true);
  assert.equal(can.supportsDataBreakpoints, true);
  assert.equal(can.supportsRestartRequest, true);
  const own = (can as { revexec?: { requests: string[]; words: string[] } }).revexec;
  assert.ok(own);
  assert.ok(own.requests.includes('revexec/reverseStepIn'));
  assert.ok(own.words.includes('reverse-next'));
});

test('a program runs to its breakpoints and to its end, and back to the start', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(ledger);
  await d.breakAt(ledger, 'print');
  await d.client.configurationDoneRequest();
  const first = await d.stopped('breakpoint');
  assert.equal(await d.line(), ledger.line('print'));
  assert.equal(await d.value('day'), '1');
  const second = await d.move('continue', 'breakpoint');
  assert.equal(await d.value('day'), '2');
  assert.ok(second.revexec.icount > first.revexec.icount);
  assert.equal(d.output.stdout, 'day 1: 9\n');

  await d.breakAt(ledger);
  const end = await d.move('continue', 'exit');
  assert.equal(end.revexec.exit?.code, 0);
  assert.equal((await d.event<{ exitCode: number }>('exited')).body.exitCode, 0);
  d.none('terminated');
  assert.match(d.output.stdout, /^day 1: 9\n(day \d: \d+\n){4}closed\n$/);

  await d.breakAt(ledger, 'print');
  const last = await d.move('reverseContinue', 'breakpoint');
  assert.equal(last.revexec.back, true);
  assert.equal(await d.value('day'), '5');
  for (const day of ['4', '3', '2', '1']) {
    await d.move('reverseContinue', 'breakpoint');
    assert.equal(await d.value('day'), day);
  }
  const start = await d.move('reverseContinue', 'entry');
  assert.equal(start.description, 'Start of history');
  assert.equal((await d.move('reverseContinue', 'entry')).revexec.icount, start.revexec.icount);
  assert.equal(end.revexec.frontier, start.revexec.frontier);
});

test('each step back undoes a step', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.start(ledger);
  // Into book and fee, through both, and over a call in one.
  const steps = ['next', 'next', 'stepIn', 'stepIn', 'next', 'next', 'next', 'next', 'next', 'next', 'next'];
  const undo: Record<string, string> = { next: 'stepBack', stepIn: 'revexec/reverseStepIn' };
  const way: { command: string; icount: number; frames: number }[] = [];
  for (const command of steps) {
    const { icount } = await d.ask<{ icount: number }>('revexec/where');
    way.push({ command, icount, frames: (await d.frames()).length });
    await d.move(command);
  }
  for (const { command, icount, frames } of way.reverse()) {
    // A step over the end of a function came into its caller: that one is undone by a step into it.
    const left = (await d.frames()).length < frames;
    const stop = await d.move(left ? 'revexec/reverseStepIn' : undo[command] ?? '');
    assert.equal(stop.revexec.icount, icount, `back over ${command}`);
  }
});

test('reverse step in and reverse step out lead into a call that is over, and to its start', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(ledger);
  await d.breakAt(ledger, 'write');
  await d.client.configurationDoneRequest();
  await d.stopped('breakpoint');
  await d.move('revexec/reverseStepIn');
  assert.deepEqual((await d.frames()).slice(0, 3).map((f) => f.name), ['fee', 'book', 'main']);
  await d.move('revexec/reverseStepOut');
  assert.equal(await d.line(), ledger.line('call-fee'));
});

test('instructions are stepped back over, too', async (t) => {
  const d = await Debuggee.overStdio(t);
  const { revexec: { icount } } = await d.start(ledger);
  const on = await d.move('next', 'step', { granularity: 'instruction' });
  assert.equal(on.revexec.icount, icount + 1);
  const [top] = await d.frames();
  assert.ok(top?.instructionPointerReference);
  const listing = await d.client.disassembleRequest({ memoryReference: top.instructionPointerReference, instructionOffset: -4, instructionCount: 9 });
  assert.equal(listing.body?.instructions.length, 9);
  assert.equal(listing.body.instructions[4]?.address, top.instructionPointerReference);
  assert.equal((await d.move('stepBack', 'step', { granularity: 'instruction' })).revexec.icount, icount);
});

test('conditions, counts and log points hold in both directions', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(ledger);
  await d.breakAt(ledger, ['call-book', { condition: 'day == 4' }], ['print', { logMessage: 'balance is {balance}' }]);
  await d.client.configurationDoneRequest();
  await d.stopped('breakpoint');
  assert.equal(await d.value('day'), '4');
  assert.equal(d.output.console.match(/balance is \d+/g)?.join(), 'balance is 9,balance is 27,balance is 54');
  await d.breakAt(ledger, ['call-book', { condition: 'day == 2' }]);
  await d.move('reverseContinue', 'breakpoint');
  assert.equal(await d.value('day'), '2');
});

test('a data breakpoint stops after the write going forward, before it going back', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.start(ledger);
  await d.watch('balance');
  const first = await d.move('continue', 'data breakpoint');
  assert.deepEqual([first.revexec.watch?.old, first.revexec.watch?.new], ['0', '9']);
  await d.move('continue', 'data breakpoint');
  assert.equal(await d.value('balance'), '27');
  await d.move('reverseContinue', 'data breakpoint');
  assert.equal(await d.value('balance'), '9');
  assert.equal(await d.line(), ledger.line('write'));
});

test('from a crash the last write of the bad pointer leads to the culprit', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(crash);
  await d.client.setExceptionBreakpointsRequest({ filters: ['signals'] });
  await d.client.configurationDoneRequest();
  const fault = await d.stopped('exception');
  assert.match(`${fault.description ?? ''} ${fault.text ?? ''}`, /SIGSEGV/);
  assert.equal(await d.line(), crash.line('crash'));
  const write = await d.move('revexec/lastWrite', 'data breakpoint', { name: 'week.name' });
  assert.equal(await d.line(), crash.line('culprit'));
  assert.equal(write.revexec.watch?.expr, 'week.name');
  const none = await d.move('revexec/lastWrite', 'data breakpoint', { name: 'week.name' });
  assert.ok(none.revexec.icount < write.revexec.icount);
});

test('seek goes anywhere, and where tells it', async (t) => {
  const d = await Debuggee.overStdio(t);
  const entry = await d.start(ledger);
  const end = await d.move('continue', 'exit');
  const { icount } = await d.ask<{ icount: number }>('revexec/seek', { to: '50%' });
  assert.ok(Math.abs(icount - end.revexec.frontier / 2) <= 1, `50 % is ${icount.toString()}`);
  await d.stopped('goto');
  await d.ask('revexec/seek', { icount: entry.revexec.icount });
  await d.stopped('goto');
  const where = await d.ask<{ icount: number; live: boolean; line: number }>('revexec/where');
  assert.deepEqual([where.icount, where.live, where.line], [entry.revexec.icount, false, ledger.line('first')]);
  await d.refused('revexec/seek', { to: 'sideways' }, /sideways/);
});

test('the words of the debug console move, too', async (t) => {
  const d = await Debuggee.overStdio(t);
  const { revexec: { icount } } = await d.start(ledger);
  await d.console('next');
  await d.stopped('step');
  await d.console('rn');
  assert.equal((await d.stopped('step')).revexec.icount, icount);
  assert.match(await d.console('where'), new RegExp(`line ${ledger.line('first').toString()}|:${ledger.line('first').toString()}`));
  assert.match(await d.console('help'), /reverse-step-out/);
  const completions = await d.client.completionsRequest({ text: 'reverse-', column: 9 });
  assert.ok(completions.body.targets.some((c) => c.label === 'reverse-step'));
});

test('restart begins anew, with the same breakpoints', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.launch(ledger);
  await d.breakAt(ledger, 'write');
  await d.client.configurationDoneRequest();
  const first = await d.stopped('breakpoint');
  await d.move('continue', 'breakpoint');
  await d.client.customRequest('restart', {});
  const again = await d.stopped('breakpoint');
  assert.equal(await d.value('balance'), '0');
  assert.equal(again.revexec.frontier, again.revexec.icount);
  assert.equal(again.revexec.icount, first.revexec.icount);
});

test('a program that runs is paused, and can be gone back in', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.start(spin);
  await d.run();
  await d.refused('stackTrace', { threadId: 1 }, /notStopped/);
  await d.client.pauseRequest({ threadId: 1 });
  const stop = await d.stopped('pause');
  assert.equal(await d.line(), spin.line('loop'));
  assert.ok((await d.move('stepBack')).revexec.icount < stop.revexec.icount);
});

test('terminate ends the program, disconnect the session', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.start(spin);
  await d.run();
  await d.client.terminateRequest();
  await d.event('terminated');
  await d.close();
});
