// What the extension does in VS Code, seen from inside: commands, conditions of menus,
// configurations, messages, and a session through the API.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { Observer, workspace } from './observer';

interface Contributions {
  readonly commands: readonly { readonly command: string }[];
  readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
  readonly keybindings: readonly { readonly command: string; readonly when?: string }[];
}

function contributions(): Contributions {
  const extension = vscode.extensions.getExtension('dap-revexec.revexec');
  assert.ok(extension, 'the extension is not there');
  return (extension.packageJSON as { contributes: Contributions }).contributes;
}

/** Context keys that VS Code does not list: the extension's own, and the one of views' title bars. */
const unlisted = ['view', 'revexec.inPast', 'revexec.recording', 'revexec.searching'];

/** Configurations that can't be started, and what is said of them. */
const refusals: readonly [what: string, configuration: object, message: RegExp][] = [
  ['a program that is not there', { program: path.join(workspace, 'nowhere') }, /nowhere/],
  ['a directory as the program', { program: workspace }, /directory/i],
  ['a source as the program', { program: path.join(workspace, 'ledger.c') }, /ledger\.c.*(source|compile)/is],
  ['a text as the program', { program: path.join(workspace, 'text') }, /text/],
  ['a recording that is not there', { recording: path.join(workspace, 'gone.rvx') }, /gone\.rvx/],
  ['a damaged recording', { recording: path.join(workspace, 'damaged.rvx') }, /damaged\.rvx/],
  ['a program as the recording', { recording: path.join(workspace, 'ledger') }, /ledger/],
  ['a directory that is not there', { program: path.join(workspace, 'ledger'), cwd: path.join(workspace, 'gone') }, /gone/],
  ['an input that is not there', { program: path.join(workspace, 'ledger'), stdin: path.join(workspace, 'gone.txt') }, /gone\.txt/],
  ['a program and a recording', { program: path.join(workspace, 'ledger'), recording: path.join(workspace, 'damaged.rvx') }, /recording/],
  ['a name that looks like a link to a command', { program: path.join(workspace, '[go](command:quit)') }, /^(?!.*\]\(command:).*go.*does not exist/s],
  ['a request to attach', { request: 'attach', program: path.join(workspace, 'ledger') }, /attach/i],
];

export const cases: Record<string, () => Promise<void>> = {
  'each command that is contributed is there once the extension is active': async () => {
    await vscode.extensions.getExtension('dap-revexec.revexec')?.activate();
    const there = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(contributions().commands.map((c) => c.command).filter((c) => !there.has(c)), []);
  },

  'conditions of menus and keys name context keys that there are': async () => {
    const known = new Set((await vscode.commands.executeCommand<{ key: string }[]>('getContextKeyInfo')).map((k) => k.key));
    const { menus, keybindings } = contributions();
    const unknown = new Set<string>();
    for (const { when } of [...Object.values(menus).flat(), ...keybindings]) {
      for (const key of (when ?? '').replace(/(==|!=|=~|in)\s*('[^']*'|\/[^/]*\/|[\w.]+|'')/g, ' ').match(/[A-Za-z][\w.]*/g) ?? []) {
        if (!known.has(key) && !unlisted.includes(key) && !['true', 'false'].includes(key)) unknown.add(key);
      }
    }
    assert.deepEqual([...unknown], []);
  },

  'menus and keys lead to commands that are contributed': async () => {
    const { commands, menus, keybindings } = contributions();
    const there = new Set(commands.map((c) => c.command));
    const used = [...Object.values(menus).flat(), ...keybindings].map((m) => m.command);
    assert.deepEqual(used.filter((c) => c.startsWith('revexec.') && !there.has(c)), []);
    return Promise.resolve();
  },

  'without a session a command says what to do first': async () => {
    const seen = Observer.messages();
    await vscode.commands.executeCommand('revexec.toStart');
    assert.match(await seen.next(), /Start debugging/);
  },

  'a configuration is completed before it is started': async () => {
    const o = await Observer.start({ program: '${workspaceFolder}/ledger', stopOnEntry: true });
    assert.equal(o.session.configuration['program'], path.join(workspace, 'ledger'));
    assert.equal(o.session.configuration['cwd'], workspace);
    await o.end();
  },

  'a session steps in both directions by commands': async () => {
    const o = await Observer.start({ program: '${workspaceFolder}/ledger', stopOnEntry: true });
    const start = await o.where();
    await o.move('workbench.action.debug.stepOver');
    const next = await o.where();
    assert.ok(next.icount > start.icount);
    await o.move('workbench.action.debug.stepBack');
    assert.deepEqual(await o.where(), start);
    await o.move('revexec.toStart');
    assert.equal((await o.where()).icount, 0);
    await o.move('revexec.toEnd');
    assert.equal((await o.where()).icount, next.icount);
    await o.move('revexec.stepBack');
    assert.deepEqual(await o.where(), start);
    await o.end();
  },

  'breakpoints of the editor stop the program, forward and backward': async () => {
    const source = vscode.Uri.file(path.join(workspace, 'ledger.c'));
    const text = (await vscode.workspace.openTextDocument(source)).getText().split('\n');
    const line = text.findIndex((l) => l.includes('//@print'));
    const breakpoint = new vscode.SourceBreakpoint(new vscode.Location(source, new vscode.Position(line, 0)));
    vscode.debug.addBreakpoints([breakpoint]);
    try {
      const o = await Observer.start({ program: '${workspaceFolder}/ledger' });
      const first = await o.where();
      assert.equal(first.line, line + 1);
      await o.move('workbench.action.debug.continue');
      assert.ok((await o.where()).icount > first.icount);
      await o.move('revexec.reverseContinue');
      assert.deepEqual(await o.where(), first);
      await o.end();
    } finally {
      vscode.debug.removeBreakpoints([breakpoint]);
    }
  },

  'inline values are offered in sessions of this debugger only': async () => {
    const source = vscode.Uri.file(path.join(workspace, 'ledger.c'));
    const document = await vscode.workspace.openTextDocument(source);
    const last = document.lineCount - 1;
    const range = new vscode.Range(0, 0, last, 0);
    // Of the last line: where the program is does not matter, only that there are names before it.
    const offered = async (): Promise<number> => {
      const values = await vscode.commands.executeCommand<unknown[] | undefined>('vscode.executeInlineValueProvider', source, range, {
        frameId: 0,
        stoppedLocation: new vscode.Range(last - 1, 0, last - 1, 0),
      });
      return values?.length ?? 0;
    };
    const o = await Observer.start({ program: '${workspaceFolder}/ledger', stopOnEntry: true });
    assert.ok((await offered()) > 0, 'in a session of ours');
    await o.end();
    assert.equal(await offered(), 0, 'another debugger would be given them');
  },

  'an address of a moment that is not of this window moves nothing': async () => {
    const o = await Observer.start({ program: '${workspaceFolder}/ledger', stopOnEntry: true });
    const before = await o.where();
    for (const address of ['revexec-moment:/1/x.c', 'revexec-moment://0123456789abcdef/1/x.c']) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(address));
      assert.match(document.getText(), /not debugged any more/);
      await vscode.window.showTextDocument(document);
      assert.equal(vscode.window.activeTextEditor?.document, document, 'it stays open');
    }
    assert.deepEqual(await o.where(), before);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await o.end();
  },

  ...Object.fromEntries(
    refusals.map(([what, configuration, message]) => [
      `${what} is refused with a message`,
      async () => {
        writeFileSync(path.join(workspace, 'damaged.rvx'), 'no recording');
        writeFileSync(path.join(workspace, 'text'), 'only a text');
        const seen = Observer.messages();
        await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], { type: 'revexec', request: 'launch', name: what, ...configuration });
        assert.match(await seen.next(), message);
        assert.equal(vscode.debug.activeDebugSession, undefined);
      },
    ]),
  ),
};
