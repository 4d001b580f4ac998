/**
 * Panels with the history of a value, beside the editor.
 *
 * The page is made anew each time its tab is shown (no `retainContextWhenHidden`): the rows are kept here and sent
 * again, and where the table was scrolled to the page keeps with `setState`. A panel outlives its session, to be read
 * and copied from; only going places ends.
 */
import * as vscode from 'vscode';
import { isRecord, type DataArguments, type ValueHistory } from '../protocol';
import type { Session, Sessions } from '../session';
import { travel } from '../travel';
import { page, webviewOptions } from '../webviews/page';
import { continues } from './refresh';
import type { FromPage, RequestName, Requests, ToPage } from './messages';

const panelType = 'revexec.valueHistory';

/** How many writes are asked for at first, and how many at most. */
const firstLimit = 1000;
const mostLimit = 10_000;

/** All panels. */
export interface Histories {
  /** Shows the history of what `dataBreakpointInfo`'s arguments name. Fails with the adapter's message. */
  show(session: Session, what: DataArguments): Promise<void>;
}

/** Makes what shows value histories. */
export function registerHistory(context: vscode.ExtensionContext, sessions: Sessions): Histories {
  const panels = new Set<HistoryPanel>();
  context.subscriptions.push({
    dispose: () => {
      for (const panel of [...panels]) panel.dispose();
    },
  });
  return {
    show: async (session, what) => {
      const history = await session.request('revexec/valueHistory', { ...what, limit: firstLimit });
      const there = [...panels].find((panel) => panel.shows(session, history));
      if (there !== undefined) {
        there.reveal(what, history);
        return;
      }
      const panel = new HistoryPanel(context.extensionUri, sessions, session, what, history, () =>
        panels.delete(panel),
      );
      panels.add(panel);
    },
  };
}

class HistoryPanel implements vscode.Disposable {
  private readonly panel: vscode.WebviewPanel;
  private readonly disposables: vscode.Disposable[] = [];
  private limit = firstLimit;
  private note = '';
  /** Where the program was when `what` was good: its references die when the program moves. */
  private asked: number | undefined;
  private refreshing = false;
  /** Which of the session's histories this is about. */
  private of: string;
  private closed = false;

  constructor(
    extension: vscode.Uri,
    private readonly sessions: Sessions,
    private readonly session: Session,
    private what: DataArguments,
    private history: ValueHistory,
    closed: () => void,
  ) {
    this.asked = session.position?.icount;
    this.of = session.history;
    this.panel = vscode.window.createWebviewPanel(
      panelType,
      `History of ${history.name}`,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      webviewOptions(extension),
    );
    const mine = (of: Session): boolean => of === session;
    this.disposables.push(
      this.panel.webview.onDidReceiveMessage((message: unknown) => {
        if (isMessage(message)) void this.receive(message);
      }),
      this.panel.onDidDispose(() => {
        this.closed = true;
        for (const disposable of this.disposables) disposable.dispose();
        closed();
      }),
      sessions.onDidMove((stop) => {
        if (mine(stop.session)) {
          this.tellState();
          void this.refresh();
        }
      }),
      sessions.onDidRun((of) => {
        if (mine(of)) this.tellState();
      }),
      sessions.onDidEnd((of) => {
        if (mine(of)) this.tellState();
      }),
    );
    this.panel.webview.html = page(this.panel.webview, extension, 'history', 'Value history');
  }

  dispose(): void {
    this.panel.dispose();
  }

  /** Whether it is a history of the same data. */
  shows(session: Session, history: ValueHistory): boolean {
    return session === this.session && continues(this.history, history) && history.name === this.history.name;
  }

  reveal(what: DataArguments, history: ValueHistory): void {
    this.what = what;
    this.asked = this.session.position?.icount;
    this.limit = firstLimit;
    this.take(history);
    this.panel.reveal(undefined, true);
  }

  private take(history: ValueHistory): void {
    this.history = history;
    this.note = '';
    this.tellHistory();
    if (this.of !== this.session.history) {
      this.of = this.session.history;
      this.tellState();
    }
  }

  /**
   * Brings the history up to date after a stop. What is recorded doesn't change: only where the history has grown, or
   * when the program was restarted, can there be something new.
   */
  private async refresh(): Promise<void> {
    const frontier = this.session.position?.frontier ?? 0;
    if (this.refreshing || (frontier <= this.history.to && this.of === this.session.history)) return;
    this.refreshing = true;
    try {
      await this.again();
    } catch {
      this.note = 'It can’t be looked at from here: this is its history as far as it was known.';
      this.tellHistory();
    } finally {
      this.refreshing = false;
    }
  }

  /** Asks again, wherever the program is now. */
  private async again(): Promise<void> {
    const same = this.asked !== undefined && this.asked === this.session.position?.icount && this.of === this.session.history;
    const { evaluateName, address, size } = this.history;
    const what: DataArguments = same
      ? this.what
      : evaluateName !== undefined
        ? { name: evaluateName }
        : { name: address, asAddress: true, bytes: size };
    // What goes wrong is said in the panel.
    const history = await this.session.request('revexec/valueHistory', { ...what, limit: this.limit, quiet: true });
    if (!continues(this.history, history)) {
      // The name stands for something else here, such as the variable of another call.
      throw new Error(`${this.history.name} is another variable here`);
    }
    this.take(history);
  }

  private async receive(message: FromPage): Promise<void> {
    if (message.type === 'ready') {
      this.tellHistory();
      this.tellState();
      return;
    }
    const { id } = message;
    try {
      // The name and the arguments belong together by their type; the compiler can't see it through the table.
      const handler = this.handlers[message.name] as (args: unknown) => Promise<unknown>;
      await handler(message.arguments);
      this.post({ type: 'response', id });
    } catch (error) {
      this.post({ type: 'response', id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  private readonly handlers: { readonly [Name in RequestName]: (args: Requests[Name]) => Promise<unknown> } = {
    seek: ({ icount }) => travel(this.sessions, this.session, icount),
    more: async () => {
      const before = this.limit;
      this.limit = Math.min(this.limit * 10, mostLimit);
      try {
        await this.again();
      } catch (error) {
        this.limit = before;
        throw error;
      }
    },
    copy: async ({ text }) => vscode.env.clipboard.writeText(text),
    save: ({ text }) => this.save(text),
    open: ({ source, line }) => this.open(source, line),
  };

  private async save(text: string): Promise<void> {
    const name = this.history.name.replace(/[^\w.-]+/g, '_').slice(0, 60);
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const to = await vscode.window.showSaveDialog({
      filters: { CSV: ['csv'] },
      title: `Save the history of ${this.history.name}`,
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, `${name}.csv`) }),
    });
    if (to !== undefined) await vscode.workspace.fs.writeFile(to, Buffer.from(text, 'utf8'));
  }

  private async open(source: Requests['open']['source'], line: number): Promise<void> {
    const uri = vscode.debug.asDebugSourceUri(source, this.session.debug);
    const at = new vscode.Position(Math.max(line - 1, 0), 0);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
      viewColumn: vscode.ViewColumn.One,
      selection: new vscode.Range(at, at),
    });
  }

  private tellHistory(): void {
    this.post({ type: 'history', history: this.history, more: this.limit < mostLimit, note: this.note });
  }

  private tellState(): void {
    const { position, stopped, ended } = this.session;
    this.post({
      type: 'state',
      // Nowhere of a history that a restart has replaced can be gone to.
      activity: ended || this.of !== this.session.history ? 'ended' : stopped ? 'stopped' : 'running',
      ...(position === undefined ? {} : { position }),
    });
  }

  /** What is answered to a panel that was closed meanwhile is for nobody: VS Code throws at the attempt. */
  private post(message: ToPage): void {
    if (!this.closed) void this.panel.webview.postMessage(message);
  }
}

const names: readonly string[] = ['seek', 'more', 'copy', 'save', 'open'] satisfies RequestName[];

/** Whether it is one of the page's messages, as far as what is done with it depends on it. */
function isMessage(message: unknown): message is FromPage {
  if (!isRecord(message)) return false;
  const { type, id, name, arguments: args } = message;
  return (
    type === 'ready' ||
    (type === 'request' && typeof id === 'number' && typeof name === 'string' && names.includes(name) && isRecord(args))
  );
}
