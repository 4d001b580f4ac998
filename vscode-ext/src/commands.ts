/** The commands: one table, from the name to what it does. */

import * as vscode from 'vscode';
import { logArguments } from './adapter';
import type { Bookmarks } from './bookmarks';
import { label, message, parsePosition } from './format';
import { debugExecutable, openRecording } from './launch';
import { goToOutput } from './moments';
import { currentThread, dataOf, frameOf, placeOf } from './places';
import type { DataArguments, Granularity, StepArguments } from './protocol';
import { RequestFailed, type Session, type Sessions } from './session';
import { things } from './webviews/format';

/** What commands work with. */
export interface Tools {
  context: vscode.ExtensionContext;
  sessions: Sessions;
  bookmarks: Bookmarks;
  /** Shows the values that something had. */
  showHistory(session: Session, args: DataArguments): Promise<void>;
}

/** A command of a stopped session. `argument` is what its menu or key gives. */
type Run = (session: Session, argument: unknown, tools: Tools) => Promise<unknown>;

/** Editor commands that do what ours do, in sessions of every type. */
const builtIn = (command: string): Run => {
  return () => Promise.resolve(vscode.commands.executeCommand(command));
};

function step(session: Session, argument: unknown): StepArguments {
  const granularity = typeof argument === 'object' && argument !== null && 'granularity' in argument ? argument.granularity : undefined;
  const known: Granularity[] = ['statement', 'line', 'instruction'];
  const g = known.find((k) => k === granularity);
  return { threadId: currentThread(session), ...(g ? { granularity: g } : {}) };
}

/** Asks for the executions of the line that the user points at. */
const execution =
  (request: 'revexec/lastExecution' | 'revexec/nextExecution', breakpoints: boolean): Run =>
  async (session, argument) => {
    const place = placeOf(argument);
    if (!place) throw new Error('Put the cursor on a line of the program first.');
    await session.request(request, { ...place, ...(breakpoints ? { breakpoints } : {}) });
  };

const write =
  (request: 'revexec/lastWrite' | 'revexec/nextWrite', title: string): Run =>
  async (session, argument) => {
    const data = await dataOf(session, argument, title);
    if (data) await session.request(request, data);
  };

/** The commands that need a stopped program. */
export const stoppedCommands: Readonly<Record<string, Run>> = {
  stepBack: builtIn('workbench.action.debug.stepBack'),
  reverseContinue: builtIn('workbench.action.debug.reverseContinue'),
  reverseStepIn: (s, a) => s.request('revexec/reverseStepIn', step(s, a)),
  reverseStepOut: (s, a) => s.request('revexec/reverseStepOut', step(s, a)),
  toStart: (s) => s.seek('start'),
  toEnd: (s) => s.seek('end'),
  toCursorBack: execution('revexec/lastExecution', true),
  previousExecution: execution('revexec/lastExecution', false),
  nextExecution: execution('revexec/nextExecution', false),
  lastWrite: write('revexec/lastWrite', 'Go to the last write of'),
  nextWrite: write('revexec/nextWrite', 'Go to the next write of'),
  valueHistory: async (s, a, tools) => {
    const data = await dataOf(s, a, 'Show the values that this had');
    if (data) await tools.showHistory(s, data);
  },
  backToCall: async (s, a) => {
    const frameId = await frameOf(s, a);
    if (frameId === undefined) throw new Error('Choose a frame in the call stack first.');
    await s.request('revexec/backToCall', { frameId });
  },
  goToOutput: (s) => goToOutput(s),
  goToPosition: goToPosition,
  addBookmark: (s, _, tools) => tools.bookmarks.add(s),
  goToBookmark: (s, _, tools) => tools.bookmarks.goTo(s),
  removeBookmark: (s, _, tools) => tools.bookmarks.remove(s),
  saveRecording: saveRecording,
  findHits: findHits,
};

/** The commands that are there always. */
const commands: Readonly<Record<string, (argument: unknown, tools: Tools) => Promise<unknown>>> = {
  openRecording: (a) => openRecording(a),
  debugExecutable: (a) => debugExecutable(a),
  cancelSearch: (_, tools) => cancelSearch(tools.sessions.active),
  showLog: (_, tools) => showLog(tools.context),
};

/** Registers all commands. */
export function registerCommands(tools: Tools): vscode.Disposable {
  const registered: vscode.Disposable[] = [];
  for (const [name, run] of Object.entries(stoppedCommands)) {
    registered.push(
      vscode.commands.registerCommand(`revexec.${name}`, async (...args: unknown[]) => {
        const session = tools.sessions.active;
        if (!session || session.ended) {
          void vscode.window.showInformationMessage('Start debugging with Revexec first (F5).');
          return;
        }
        // While it moves, which a key that is held down comes into, there is nothing to do.
        if (!session.stopped) return;
        await run(session, subject(args), tools).catch(report);
      }),
    );
  }
  for (const [name, run] of Object.entries(commands)) {
    registered.push(vscode.commands.registerCommand(`revexec.${name}`, (argument: unknown) => run(argument, tools).catch(report)));
  }
  return vscode.Disposable.from(...registered);
}

/** What a command is about: the call stack's menu gives its frame after the path of the source. */
function subject(args: readonly unknown[]): unknown {
  return args.find((a) => typeof a === 'object' && a !== null && 'frameId' in a) ?? args[0];
}

/** Shows why something did not work, unless the editor has done so. */
export function report(e: unknown): void {
  if (e instanceof RequestFailed) return;
  void vscode.window.showErrorMessage(message(e instanceof Error ? e.message : String(e)));
}

async function goToPosition(session: Session): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: 'Go to position',
    prompt: 'A number of instructions, +N, -N, a percentage, start, end, or @bookmark',
    value: String(session.position?.icount ?? 0),
    validateInput: (t) => {
      const p = parsePosition(t);
      return 'wrong' in p ? p.wrong : undefined;
    },
  });
  const position = text === undefined ? undefined : parsePosition(text);
  if (position && 'to' in position) await session.seek(position.to);
}

async function saveRecording(session: Session): Promise<void> {
  const folder = session.debug.workspaceFolder?.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    title: 'Save the history so far as a recording',
    saveLabel: 'Save Recording',
    filters: { Recordings: ['rvx'] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, 'session.rvx') } : {}),
  });
  if (!uri) return;
  const { result } = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: 'Saving the recording' }, () =>
    session.request('evaluate', { expression: `save ${uri.fsPath}`, context: 'repl' }),
  );
  void vscode.window.showInformationMessage(message(result));
}

async function findHits(session: Session): Promise<void> {
  const { occurrences, complete } = await session.request('revexec/findHits', {});
  const n = occurrences.length;
  if (n === 0) {
    void vscode.window.showInformationMessage('No breakpoint, data breakpoint or exception that is set is hit anywhere in the history.');
    return;
  }
  const items = occurrences.map((o) => ({
    label: label(o.text),
    description: o.icount.toLocaleString('en'),
    icount: o.icount,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: complete ? `${things(n, 'hit')} in the whole history` : `The latest ${things(n, 'hit')}`,
    placeHolder: 'Go to one of them',
    matchOnDescription: true,
  });
  if (chosen) await session.seek(chosen.icount);
}

async function cancelSearch(session: Session | undefined): Promise<void> {
  if (!session || session.ended) return;
  const searches = [...session.state.searches.keys()];
  if (searches.length > 0) await Promise.all(searches.map((progressId) => session.request('cancel', { progressId })));
  else if (!session.stopped) await vscode.commands.executeCommand('workbench.action.debug.pause');
}

async function showLog(context: vscode.ExtensionContext): Promise<void> {
  const { file, args } = logArguments(context);
  const uri = vscode.Uri.file(file);
  try {
    await vscode.window.showTextDocument(uri);
  } catch {
    const on = 'Write a Log';
    const chosen = await vscode.window.showInformationMessage(args.length > 0 ? 'The debugger has not written a log yet: start debugging.' : 'The debugger writes no log.', ...(args.length > 0 ? [] : [on]));
    if (chosen === on) await vscode.workspace.getConfiguration('revexec').update('log', 'debug', vscode.ConfigurationTarget.Global);
  }
}
