// Which commands of ours appear where: the conditions of the package's menus and keys, in
// the situations that VS Code comes into.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { extensionRoot } from '../support/paths';
import { holds, mistakes, parse, type Context } from './when';

interface Item {
  readonly command: string;
  readonly when?: string;
  readonly key?: string;
}

interface Contributes {
  readonly commands: readonly { readonly command: string; readonly enablement?: string }[];
  readonly menus: Readonly<Record<string, readonly Item[]>>;
  readonly keybindings: readonly Item[];
  readonly views: Readonly<Record<string, readonly { readonly id: string; readonly when?: string }[]>>;
}

const { contributes } = JSON.parse(readFileSync(join(extensionRoot, 'package.json'), 'utf8')) as { contributes: Contributes };

// What VS Code sets in each situation.
const stopped = { inDebugMode: true, debugState: 'stopped', debugType: 'revexec' };
const sessions = {
  none: {},
  // A launch that has failed leaves the type.
  failed: { debugType: 'revexec', debugState: 'inactive' },
  live: { ...stopped, 'revexec.inPast': false },
  past: { ...stopped, 'revexec.inPast': true },
  recording: { ...stopped, 'revexec.inPast': true, 'revexec.recording': true },
  running: { ...stopped, debugState: 'running' },
  searching: { ...stopped, debugState: 'running', 'revexec.searching': true },
  other: { ...stopped, debugType: 'node' },
} satisfies Record<string, Context>;

const frame = { callStackItemType: 'stackFrame' };
const thread = { callStackItemType: 'thread' };
const executable = { resourceScheme: 'file', resourceExtname: '', explorerResourceIsFolder: false };
const recording = { ...executable, resourceExtname: '.rvx' };
const timeline = { view: 'revexec.timeline' };
const editor = { editorTextFocus: true, disassemblyViewFocus: false };
const disassembly = { editorTextFocus: false, disassemblyViewFocus: true };

/** All that sessions and places can be together. */
const places: readonly Context[] = [
  {}, frame, thread, executable, recording, timeline, editor, disassembly, { view: 'workbench.explorer.fileView' },
  { ...executable, resourceExtname: '.c' }, { ...executable, explorerResourceIsFolder: true }, { ...executable, resourceScheme: 'untitled' }, { ...executable, resourceScheme: 'vscode-remote' },
];
// When a session ends its keys change one after the other.
const ending = { ...stopped, inDebugMode: false };
const situations = [...Object.values(sessions), ending].flatMap((session) => places.map((place): Context => ({ ...session, ...place })));

/** The commands of a menu that are there in a situation. */
function shown(menu: string, context: Context): string[] {
  return (contributes.menus[menu] ?? []).filter((i) => holds(parse(i.when ?? 'true'), context)).map((i) => i.command.replace('revexec.', ''));
}

/** The keys that do something in a situation, with their commands. */
function keys(context: Context): string[] {
  return contributes.keybindings.filter((i) => holds(parse(i.when ?? 'true'), context)).map((i) => `${i.key ?? ''} ${i.command.replace('revexec.', '')}`);
}

const ofLine = ['previousExecution', 'nextExecution', 'toCursorBack'];
const ofValue = ['lastWrite', 'nextWrite', 'valueHistory'];

/** What each menu has in sessions of ours that are stopped, running or searching, wherever they are in their history. */
const ofSessions: readonly [menu: string, place: Context, commands: readonly string[]][] = [
  ['debug/toolBar', {}, ['reverseStepIn', 'reverseStepOut', 'toStart', 'toEnd']],
  ['debug/variables/context', {}, ofValue],
  ['debug/callstack/context', frame, ['backToCall']],
  ['debug/callstack/context', thread, []],
  ['debug/callstack/context', { callStackItemType: 'session' }, []],
  ['editor/lineNumber/context', editor, ofLine],
  ['editor/context', editor, [...ofLine, ...ofValue]],
  [
    'commandPalette', {},
    contributes.commands.map((c) => c.command.replace('revexec.', '')).filter((c) => c !== 'debugExecutable' && c !== 'openRecording' && c !== 'showLog'),
  ],
];

for (const [menu, place, commands] of ofSessions) {
  test(`${menu} ${Object.values(place).join()} has its commands in sessions of ours only`, () => {
    for (const [name, session] of Object.entries(sessions)) {
      const ours = !['none', 'failed', 'other'].includes(name);
      // Menus of views and tool bars are not shown without a session: their conditions need not say so.
      if (name === 'failed' && menu.startsWith('debug/')) continue;
      assert.deepEqual(shown(menu, { ...session, ...place }).sort(), (ours ? [...commands] : []).sort(), name);
    }
  });
}

test('the commands that need no session are in the palette always', () => {
  const limited = new Set((contributes.menus['commandPalette'] ?? []).map((i) => i.command));
  assert.deepEqual(contributes.commands.map((c) => c.command).filter((c) => !limited.has(c)), ['revexec.openRecording', 'revexec.showLog']);
});

test('the explorer offers to open recordings, and to debug what may be an executable', () => {
  for (const session of Object.values(sessions)) {
    const at = (place: Context): string[] => shown('explorer/context', { ...session, ...place });
    assert.deepEqual(at(executable), ['debugExecutable']);
    // As in code-server, over SSH, in WSL and in containers.
    assert.deepEqual(at({ ...executable, resourceScheme: 'vscode-remote' }), ['debugExecutable']);
    assert.deepEqual(at(recording), ['openRecording']);
    assert.deepEqual(at({ ...executable, explorerResourceIsFolder: true }), []);
    assert.deepEqual(at({ ...executable, resourceScheme: 'untitled' }), []);
    assert.deepEqual(at({ ...executable, resourceExtname: '.c' }), []);
  }
});

test('the buttons of the Timeline are on no other view', () => {
  assert.deepEqual(shown('view/title', { ...sessions.past, ...timeline }), ['addBookmark', 'goToPosition', 'goToOutput', 'findHits', 'saveRecording']);
  assert.deepEqual(shown('view/title', { ...sessions.past, view: 'workbench.debug.variablesView' }), []);
});

test('the Timeline is a view of sessions of ours', () => {
  const views = (context: Context): string[] => (contributes.views['debug'] ?? []).filter((v) => holds(parse(v.when ?? 'true'), context)).map((v) => v.id);
  assert.deepEqual(views(sessions.past), ['revexec.timeline']);
  assert.deepEqual(views(sessions.running), ['revexec.timeline']);
  assert.deepEqual(views(sessions.other), []);
  assert.deepEqual(views(sessions.none), []);
});

test('each key leads to one command, in sessions of ours only', () => {
  const everywhere = ['ctrl+f10 stepBack', 'ctrl+shift+f10 reverseContinue', 'ctrl+f11 reverseStepIn', 'ctrl+shift+f11 reverseStepOut', 'ctrl+alt+home toStart', 'ctrl+alt+end toEnd'];
  for (const session of [sessions.live, sessions.past, sessions.recording, sessions.running]) {
    assert.deepEqual(keys({ ...session, ...disassembly }), everywhere);
    assert.deepEqual(keys({ ...session, ...editor }), [...everywhere, 'ctrl+shift+f9 toCursorBack']);
  }
  for (const session of [sessions.none, sessions.failed, sessions.other]) {
    assert.deepEqual(keys({ ...session, ...editor }), []);
    assert.deepEqual(keys({ ...session, ...disassembly }), []);
  }
});

test('commands of a stopped program are enabled where there is one, that of a search in each session', () => {
  const enabled = (context: Context): string[] => contributes.commands.filter((c) => holds(parse(c.enablement ?? 'true'), context)).map((c) => c.command.replace('revexec.', ''));
  const always = ['openRecording', 'debugExecutable', 'showLog'];
  const all = contributes.commands.map((c) => c.command.replace('revexec.', ''));
  for (const session of [sessions.live, sessions.past, sessions.recording]) assert.deepEqual(enabled(session), all);
  for (const session of [sessions.running, sessions.searching]) assert.deepEqual(enabled(session), ['cancelSearch', ...always]);
  for (const session of [sessions.none, sessions.failed, sessions.other]) assert.deepEqual(enabled(session), always);
});

test('no term of a condition could be left out, or be its opposite, without a difference here', () => {
  const outcome = (when: Parameters<typeof holds>[0]): string => situations.map((s) => Number(holds(when, s))).join('');
  const clauses = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].flatMap((i) => i.when ?? []);
  for (const clause of new Set([...clauses, ...contributes.commands.flatMap((c) => c.enablement ?? [])])) {
    const when = parse(clause);
    const right = outcome(when);
    for (const wrong of mistakes(when)) assert.notEqual(outcome(wrong), right, `${clause}: like ${JSON.stringify(wrong)}`);
  }
});

test('conditions are read as VS Code reads them', () => {
  const cases: [text: string, context: Context, result: boolean][] = [
    ['a && b || c', { c: true }, true],
    ['a && (b || c)', { c: true }, false],
    ['a && (b || c)', { a: true, c: true }, true],
    ['!a', {}, true],
    ['!a && b', { b: true }, true],
    ['!(a && b)', { a: true }, true],
    ["k == ''", {}, false],
    ["k == ''", { k: '' }, true],
    ["k == 'x y'", { k: 'x y' }, true],
    ['k == .rvx', { k: '.rvx' }, true],
    ['k != x', {}, true],
    ['k == true', { k: true }, true],
    ['k == false', {}, true],
    ['revexec.inPast', { 'revexec.inPast': true }, true],
    ['false', {}, false],
  ];
  for (const [text, context, result] of cases) assert.equal(holds(parse(text), context), result, text);
  for (const text of ['', 'a &&', 'a b', '(a', 'a)', '&& a', 'k ==', 'k =~ /x/', 'k > 3', 'a & b']) assert.throws(() => parse(text), /condition/, text);
});
