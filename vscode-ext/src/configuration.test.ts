import assert from 'node:assert/strict';
import test from 'node:test';
import { check, complete, type Configuration, configurationFor, detail, isEmpty } from './configuration';
import { describe } from './errors';
import { elf, memoryFiles } from './testing/files';

const recording = Buffer.concat([Buffer.from('\x89RVX\r\n\x1a\n', 'latin1'), Buffer.alloc(100)]);
const files = memoryFiles({
  '/ws/prog': { data: elf({ loader: '/lib64/ld-linux-x86-64.so.2', type: 3 }) },
  '/ws/static': { data: elf() },
  '/ws/rv': { data: elf({ machine: 243, loader: '/lib/ld-linux-riscv64-lp64d.so.1' }) },
  '/ws/odd': { data: elf({ machine: 243, loader: '/lib/ld-musl-riscv64.so.1' }) },
  '/ws/arm': { data: elf({ machine: 183 }) },
  '/ws/plain': { data: elf(), executable: false },
  '/ws/prog.c': { data: Buffer.from('int main(void) { return 0; }'), executable: false },
  '/ws/prog.o': { data: elf({ type: 1 }), executable: false },
  '/ws/text': { data: Buffer.from('hello') },
  '/ws/run.rvx': { data: recording, executable: false },
  '/ws/cut.rvx': { data: recording.subarray(2), executable: false },
  '/ws/input': { data: Buffer.from('1 2 3') },
  '/lib64/ld-linux-x86-64.so.2': { data: elf() },
  '/usr/riscv64-linux-gnu/lib/ld-linux-riscv64-lp64d.so.1': { data: elf() },
});
const launch = (more: Record<string, unknown>): Configuration => ({ type: 'revexec', request: 'launch', name: 'x', cwd: '/ws', ...more });
const ask = (more: Record<string, unknown>): ReturnType<typeof check> => check(launch(more), { files, platform: 'linux' });

test('good configurations pass as they are', async () => {
  for (const more of [
    { program: '/ws/prog' },
    { program: 'prog' },
    { program: 'static', stdin: 'input' },
    { program: 'static', stdin: { text: 'hello' } },
    { program: 'rv', sysroot: '/usr/riscv64-linux-gnu' },
    { program: 'prog', console: 'integratedTerminal' },
    { recording: 'run.rvx', position: 'end' },
  ]) {
    assert.deepEqual(await ask(more), { config: launch(more) });
  }
});

/** Each problem, what causes it, what its text must say, and the first thing offered. */
const wrong: [string, Record<string, unknown>, RegExp, string][] = [
  ['programMissing', { program: 'none' }, /\/ws\/none does not exist.*Build it/, 'chooseProgram'],
  ['programIsDirectory', { program: '/ws' }, /is a directory/, 'chooseProgram'],
  ['programNotExecutable', { program: 'plain' }, /not executable \(chmod \+x it\)/, 'makeExecutable'],
  ['programForeign', { program: 'arm' }, /ARM64 program.*x86-64 and riscv64/, 'chooseProgram'],
  ['programUnfitting', { program: 'prog.o' }, /object file: it has not been linked/, 'chooseProgram'],
  ['programUnfitting', { program: 'text' }, /no executable/, 'chooseProgram'],
  ['programIsSource', { program: 'prog.c' }, /source code.*gcc -g/, 'chooseProgram'],
  ['programIsRecording', { program: 'run.rvx' }, /"recording", not "program"/, 'openAsRecording'],
  ['loaderMissing', { program: 'rv' }, /sysroot.*\/usr\/riscv64-linux-gnu/, 'useSysroot'],
  ['loaderMissing', { program: 'odd' }, /-static/, 'openLaunchJson'],
  ['recordingMissing', { recording: 'none.rvx' }, /none\.rvx does not exist/, 'chooseRecording'],
  ['recordingDamaged', { recording: 'cut.rvx' }, /damaged/, 'chooseRecording'],
  ['recordingIsProgram', { recording: 'prog' }, /belongs into "program"/, 'openAsProgram'],
  ['directoryMissing', { program: 'prog', sysroot: '/none' }, /\/none, named as "sysroot"/, 'openLaunchJson'],
  ['directoryMissing', { program: '/ws/prog', cwd: '/none' }, /\/none, named as "cwd"/, 'openLaunchJson'],
  ['stdinMissing', { program: 'prog', stdin: 'none' }, /\/ws\/none.*"text"/, 'openLaunchJson'],
  ['exclusive', { program: 'prog', stdin: 'input', console: 'integratedTerminal' }, /"stdin" and "console"/, 'openLaunchJson'],
  ['exclusive', { recording: 'run.rvx', record: 'a.rvx' }, /"record" and "recording"/, 'openLaunchJson'],
  ['attach', { request: 'attach', program: 'prog' }, /can't attach/, 'openLaunchJson'],
];

for (const [kind, more, says, offers] of wrong) {
  test(`${kind} is found in ${JSON.stringify(more)}, explained, and something is offered`, async () => {
    const r = await ask(more);
    assert.ok('problem' in r, 'no problem found');
    assert.equal(r.problem.kind, kind);
    const { message, actions } = describe(r.problem);
    assert.match(message, says);
    assert.equal(actions[0], offers);
  });
}

test('a configuration that leaves things out is completed, and one that says them keeps them', () => {
  const c = complete({ type: 'revexec', request: 'launch', name: 'x', program: 'p' }, { outputLinks: 'moment', momentUri: 'moment://here', folder: '/ws' });
  assert.equal(c['cwd'], '${workspaceFolder}');
  assert.equal(c['momentUri'], 'moment://here');
  const kept = complete({ type: 'revexec', request: 'launch', name: 'x', cwd: '/a', momentUri: 'm:' }, { outputLinks: 'moment', momentUri: 'moment://here', folder: '/ws' });
  assert.equal(kept['cwd'], '/a');
  assert.equal(kept['momentUri'], 'm:');
  const bare = complete({ type: 'revexec', request: 'launch', name: 'x' }, { outputLinks: 'source', momentUri: 'moment://here', folder: undefined });
  assert.ok(!('cwd' in bare) && !('momentUri' in bare));
});

test('a terminal that the program runs in is not covered by the debug console, unless asked for', () => {
  const options = (c: object): unknown => complete({ type: 'revexec', request: 'launch', name: 'x', ...c }, { outputLinks: 'moment', momentUri: 'moment://here', folder: '/ws' })['internalConsoleOptions'];
  assert.equal(options({ console: 'integratedTerminal' }), 'neverOpen');
  assert.equal(options({ console: 'externalTerminal' }), 'neverOpen');
  assert.equal(options({ console: 'internalConsole' }), undefined);
  assert.equal(options({ console: 'integratedTerminal', internalConsoleOptions: 'openOnSessionStart' }), 'openOnSessionStart');
});

test('F5 without a launch.json is told from a configuration', () => {
  assert.ok(isEmpty({}));
  assert.ok(!isEmpty({ type: 'revexec', request: 'launch', name: 'x' }));
});

test('configurations that are offered use the workspace folder as launch.json does', () => {
  assert.deepEqual(configurationFor('/ws/build/app', false, '/ws'), {
    type: 'revexec',
    request: 'launch',
    name: 'Debug app',
    program: '${workspaceFolder}/build/app',
    args: [],
    cwd: '${workspaceFolder}',
  });
  assert.equal(configurationFor('/other/app', false, '/ws')['program'], '/other/app');
  assert.equal(configurationFor('/ws-two/app', false, '/ws')['program'], '/ws-two/app');
  assert.equal(configurationFor('/a/app', false, undefined)['cwd'], '/a');
  assert.deepEqual(configurationFor('/ws/a.rvx', true, '/ws'), { type: 'revexec', request: 'launch', name: 'Replay a.rvx', recording: '${workspaceFolder}/a.rvx' });
});

test('a candidate tells its architecture, its age, and what is missing', () => {
  const program = { arch: 'riscv64', loader: undefined, debug: 'no', language: undefined } as const;
  const minute = 60_000;
  assert.equal(detail({ file: '/x', program, modified: 0 }, 3 * minute + 5), 'riscv64 · no debug information · 3 minutes ago');
  assert.equal(detail({ file: '/x', program: undefined, modified: 0 }, 60 * minute), 'recording · 1 hour ago');
  assert.equal(detail({ file: '/x', program: undefined, modified: 5 }, 0), 'recording · just now');
});

test('every text of a missing debugger says where to get one', () => {
  for (const p of [
    { kind: 'binarySettingMissing', file: '/x' },
    { kind: 'binarySettingNotExecutable', file: '/x' },
    { kind: 'binaryNotBundled', platform: 'linux', arch: 'arm64' },
    { kind: 'binaryForeign', file: '/x', what: 'a Windows program', platform: 'linux', arch: 'x64' },
  ] as const) {
    const { message, actions } = describe(p);
    assert.match(message, /revexec\.path/);
    assert.ok(actions.includes('openSettings'));
  }
  assert.match(describe({ kind: 'binaryNotBundled', platform: 'linux', arch: 'arm64' }).message, /linux-arm64/);
});

test('what to compile with fits the language of the editor', () => {
  const say = (language: string | undefined): string => describe({ kind: 'noDebugInfo', program: '/ws/app', language }).message;
  assert.match(say('go'), /^app has no debug information.*-gcflags=all="-N -l"/);
  assert.match(say('rust'), /cargo build/);
  assert.match(say(undefined), /-g/);
  const none = describe({ kind: 'nothingToDebug', language: 'cpp', hasFolder: true });
  assert.match(none.message, /No Linux executable was found.*g\+\+ -g/);
  assert.equal(none.actions[0], 'chooseProgram');
});

test('a pipe is not opened: who opens one waits for its other end', async () => {
  const pipes = { ...files, stat: (file: string) => (file === '/ws/pipe' ? Promise.resolve({ kind: 'other' as const, size: 0, modified: 0, executable: true }) : files.stat(file)), read: () => new Promise<never>(() => undefined) };
  for (const more of [{ program: 'pipe' }, { recording: 'pipe' }]) {
    const checked = await check(launch(more), { files: pipes, platform: 'linux' });
    assert.ok('problem' in checked, JSON.stringify(more));
  }
});

test('the loader that a program names is never looked for on another computer', async () => {
  for (const loader of ['//attacker/share/ld.so', '\\\\attacker\\share\\ld.so']) {
    const asked: string[] = [];
    const own = memoryFiles({ '/ws/evil': { data: elf({ loader, type: 3 }) } });
    const seen = { ...own, stat: (file: string) => (asked.push(file), own.stat(file)) };
    await check(launch({ program: '/ws/evil', cwd: '' }), { files: seen, platform: 'win32' });
    assert.deepEqual(asked.filter((file) => /^[\\/]{2}/.test(file)), []);
    assert.ok(asked.some((file) => file.startsWith('/attacker')), 'it has been looked for');
  }
});
