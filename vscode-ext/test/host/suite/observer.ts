// Sees what passes between VS Code and the adapter, and what the user is told.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

const folder = vscode.workspace.workspaceFolders?.[0];
assert.ok(folder);

/** The workspace's directory. */
export const workspace = folder.uri.fsPath;

/** Things that come, each to be waited for once. */
class Queue<T> {
  private readonly here: T[] = [];
  private readonly waiting: ((value: T) => void)[] = [];

  put(value: T): void {
    const waiter = this.waiting.shift();
    if (waiter) waiter(value);
    else this.here.push(value);
  }

  async next(): Promise<T> {
    return this.here.length > 0 ? (this.here.shift() as T) : new Promise((resolve) => this.waiting.push(resolve));
  }
}

interface Message {
  readonly type: string;
  readonly event?: string;
}

export interface Where {
  readonly icount: number;
  readonly line?: number;
}

export class Observer {
  private constructor(
    readonly session: vscode.DebugSession,
    private readonly stops: Queue<Message>,
    private readonly ended: Promise<unknown>,
  ) {}

  /** Catches messages to the user from now on, in place of showing them; nobody answers. */
  static messages(): Queue<string> {
    const queue = new Queue<string>();
    const catches = (message: string): Promise<undefined> => {
      queue.put(message);
      return Promise.resolve(undefined);
    };
    Object.assign(vscode.window, { showErrorMessage: catches, showWarningMessage: catches, showInformationMessage: catches });
    return queue;
  }

  /** Starts a session, and waits for its first stop. */
  static async start(configuration: object): Promise<Observer> {
    const stops = new Queue<Message>();
    const tracker = vscode.debug.registerDebugAdapterTrackerFactory('revexec', {
      createDebugAdapterTracker: () => ({
        onDidSendMessage(message: Message) {
          if (message.event === 'stopped') stops.put(message);
        },
      }),
    });
    let over: () => void;
    const ended = new Promise<void>((resolve) => (over = resolve));
    const watch = vscode.debug.onDidTerminateDebugSession(() => {
      watch.dispose();
      tracker.dispose();
      over();
    });
    assert.ok(await vscode.debug.startDebugging(folder, { type: 'revexec', request: 'launch', name: 'host', ...configuration }));
    const observer = new Observer(await active(), stops, ended);
    await observer.stopped();
    return observer;
  }

  /** Runs a command that moves the program, and waits until VS Code knows where it stopped. */
  async move(command: string): Promise<void> {
    await vscode.commands.executeCommand(command);
    await this.stopped();
  }

  async where(): Promise<Where> {
    const { icount, line } = (await this.session.customRequest('revexec/where', {})) as Where;
    return { icount, ...(line === undefined ? {} : { line }) };
  }

  async end(): Promise<void> {
    await vscode.debug.stopDebugging(this.session);
    await this.ended;
  }

  private async stopped(): Promise<void> {
    // VS Code chooses a frame when it has seen a stop: only then its commands do something.
    const chosen = new Promise<void>((resolve) => {
      const watch = vscode.debug.onDidChangeActiveStackItem((item) => {
        if (!(item instanceof vscode.DebugStackFrame)) return;
        watch.dispose();
        resolve();
      });
    });
    await this.stops.next();
    await chosen;
  }
}

async function active(): Promise<vscode.DebugSession> {
  if (vscode.debug.activeDebugSession) return vscode.debug.activeDebugSession;
  return new Promise((resolve) => {
    const watch = vscode.debug.onDidChangeActiveDebugSession((session) => {
      if (!session) return;
      watch.dispose();
      resolve(session);
    });
  });
}
