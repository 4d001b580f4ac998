/**
 * The Timeline view's host: it tells the page what the program does, and passes the page's requests to the adapter.
 *
 * The page is made anew each time it is shown (no `retainContextWhenHidden`): all that would be lost is the zoom and
 * whether the list is shown, which the page keeps with `setState`; a hidden page that is kept would go on asking for
 * data, and cost memory, for nobody.
 */
import * as vscode from 'vscode';
import { isRecord } from '../protocol';
import type { Session, Sessions } from '../session';
import { travel } from '../travel';
import { page, webviewOptions } from '../webviews/page';
import type { FromPage, RequestName, Requests, ToPage } from './messages';

export const timelineView = 'revexec.timeline';

/** Registers the view. */
export function registerTimeline(context: vscode.ExtensionContext, sessions: Sessions): void {
  const view = new TimelineView(context.extensionUri, sessions);
  context.subscriptions.push(view, vscode.window.registerWebviewViewProvider(timelineView, view));
}

type Handlers = {
  readonly [Name in RequestName]: (
    session: Session,
    args: Requests[Name]['arguments'],
    sessions: Sessions,
  ) => Promise<unknown>;
};

class TimelineView implements vscode.WebviewViewProvider, vscode.Disposable {
  private webview: vscode.Webview | undefined;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    private readonly extension: vscode.Uri,
    private readonly sessions: Sessions,
  ) {
    const shown = (session: Session | undefined): boolean => session !== undefined && session === sessions.active;
    this.disposables.push(
      sessions.onDidMove(({ session }) => {
        if (shown(session)) {
          this.tell();
        }
      }),
      sessions.onDidRun((session) => {
        if (shown(session)) {
          this.tell();
        }
      }),
      sessions.onDidEnd(() => {
        this.tell();
      }),
      sessions.onDidChangeActive(() => {
        this.tell();
      }),
      sessions.onDidChangeTimeline(({ session }) => {
        if (shown(session)) {
          this.post({ type: 'changed' });
        }
      }),
    );
  }

  dispose(): void {
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { webview } = view;
    this.webview = webview;
    webview.options = webviewOptions(this.extension);
    const listening = webview.onDidReceiveMessage((message: unknown) => {
      if (isMessage(message)) {
        void this.receive(message);
      }
    });
    view.onDidDispose(() => {
      listening.dispose();
      if (this.webview === webview) {
        this.webview = undefined;
      }
    });
    webview.html = page(webview, this.extension, 'timeline', 'Timeline');
  }

  private async receive(message: FromPage): Promise<void> {
    if (message.type === 'ready') {
      this.tell();
      return;
    }
    const { id } = message;
    try {
      const result = await this.handle(message);
      this.post({ type: 'response', id, result });
    } catch (error) {
      this.post({ type: 'response', id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  private async handle(message: Extract<FromPage, { type: 'request' }>): Promise<unknown> {
    const session = this.sessions.list().find(({ history }) => history === message.session);
    if (session === undefined) {
      throw new Error('This history is no more: its session is over, or was restarted.');
    }
    // The name and the arguments belong together by their type; the compiler can't see it through the table.
    const handler = handlers[message.name] as (session: Session, args: unknown, sessions: Sessions) => Promise<unknown>;
    return handler(session, message.arguments, this.sessions);
  }

  private tell(): void {
    const session = this.sessions.active;
    if (session === undefined || session.ended) {
      this.post({ type: 'state', session: session?.history ?? '', activity: 'idle' });
      return;
    }
    this.post({
      type: 'state',
      session: session.history,
      activity: session.stopped ? 'stopped' : 'running',
      ...(session.position === undefined ? {} : { position: session.position }),
    });
  }

  private post(message: ToPage): void {
    void this.webview?.postMessage(message);
  }
}

/**
 * Brings the keyboard's focus back here after a stop: VS Code gives it to the editor each time, just before it tells of
 * the frame that it has chosen.
 */
function keepFocus(): vscode.Disposable {
  const listening = vscode.debug.onDidChangeActiveStackItem((item) => {
    if (item instanceof vscode.DebugStackFrame) {
      listening.dispose();
      void vscode.commands.executeCommand(`${timelineView}.focus`);
    }
  });
  return listening;
}

const handlers: Handlers = {
  timeline: (session, args) => session.request('revexec/timeline', args),
  seek: async (session, { icount, focused }, sessions) => {
    const keeping = focused ? keepFocus() : undefined;
    try {
      await travel(sessions, session, icount);
    } catch (error) {
      keeping?.dispose();
      throw error;
    }
  },
  addBookmark: (session, args) => session.request('revexec/setBookmark', args),
  renameBookmark: async (session, { id }) => {
    const { bookmarks } = await session.request('revexec/bookmarks', {});
    const bookmark = bookmarks.find((b) => b.id === id);
    const name = await vscode.window.showInputBox({ prompt: 'Name of the bookmark', value: bookmark?.name ?? '' });
    return name === undefined ? undefined : session.request('revexec/setBookmark', { id, name });
  },
  removeBookmark: (session, args) => session.request('revexec/removeBookmark', args),
  findHits: (session) => session.request('revexec/findHits', {}),
};

/** Whether it is one of the page's messages, as far as what is done with it depends on it. */
function isMessage(message: unknown): message is FromPage {
  if (!isRecord(message)) {
    return false;
  }
  const { type, id, name, session, arguments: args } = message;
  return (
    type === 'ready' ||
    (type === 'request' &&
      typeof id === 'number' &&
      typeof name === 'string' &&
      typeof session === 'string' &&
      Object.hasOwn(handlers, name) &&
      isRecord(args))
  );
}
