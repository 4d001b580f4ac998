// What the adapter says when a request can't be served: what is wrong, and what to do.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/paths';
import { compile } from '../support/programs';
import { Debuggee } from './debuggee';

const dir = temporaryDirectory('dap-errors');
const ledger = compile('ledger', dir);

/** Launch arguments that can't work, and what is said of them. */
const launches: [what: string, args: object, message: RegExp][] = [
  ['no program', { program: '' }, /"program" is empty/],
  ['a program that is not there', { program: join(dir, 'nowhere') }, /nowhere/],
  ['a program that is a text', { program: ledger.source }, /ledger\.c/],
  ['a directory that is not there', { program: ledger.path, cwd: join(dir, 'gone') }, /cwd: .*gone: not a directory/],
  ['input that is neither a file nor a text', { program: ledger.path, stdin: 7 }, /stdin: write a file's path/],
  ['a recording that is damaged', { recording: join(dir, 'damaged.rvx') }, /damaged\.rvx/],
  ['a recording and a file to record to', { recording: 'a.rvx', record: 'b.rvx' }, /exclude each other/],
];
writeFileSync(join(dir, 'damaged.rvx'), 'no recording');

for (const [what, args, message] of launches) {
  test(`launch with ${what} is refused, and can be repeated`, async (t) => {
    const d = await Debuggee.overStdio(t);
    await d.initialize();
    await d.refused('launch', { cwd: dir, ...args }, message);
    await d.client.launchRequest({ program: ledger.path, stopOnEntry: true } as object);
    await d.event('initialized');
    await d.client.configurationDoneRequest();
    await d.stopped('entry');
  });
}

test('attach says that a program has to be launched', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.initialize();
  await d.refused('attach', {}, /launch/);
});

test('requests at the wrong time or without sense leave the session as it was', async (t) => {
  const d = await Debuggee.overStdio(t);
  await d.refused('next', { threadId: 1 }, /initialize/);
  await d.start(ledger);
  const refusals: [command: string, args: object, message: RegExp][] = [
    ['launch', { program: ledger.path }, /already/],
    ['revexec/noSuchThing', {}, /not known/],
    ['stackTrace', { threadId: 4711 }, /4711/],
    ['variables', { variablesReference: 123456 }, /./],
    ['setVariable', { variablesReference: 1, name: 'day', value: '2' }, /./],
    ['evaluate', { expression: 'no_such_variable', context: 'watch' }, /no_such_variable/],
    ['revexec/lastWrite', { name: '1 + 1' }, /./],
    ['revexec/seek', {}, /./],
  ];
  for (const [command, args, message] of refusals) {
    await d.refused(command, args, message);
  }
  const unverified = await d.client.setBreakpointsRequest({ source: { path: join(dir, 'other.c') }, breakpoints: [{ line: 3 }] });
  assert.equal(unverified.body.breakpoints[0]?.verified, false);
  assert.ok(unverified.body.breakpoints[0].message);
  await d.move('next');
});
