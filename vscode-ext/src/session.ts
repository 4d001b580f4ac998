/**
 * The debug sessions of our type: what each is doing, and typed requests to it. All
 * other parts of the extension look at sessions through this one.
 */

import * as vscode from 'vscode';
import type { Arguments, Body, Position, RequestName, RevexecCapabilities } from './protocol';
import { type Change, type OutputLine, SessionState } from './state';

export const debugType = 'revexec';

/** A request failed. The editor has shown the adapter's message, where it is for the user. */
export class RequestFailed extends Error {}

/** A stop of the program. */
export interface Stop {
  session: Session;
  /** Undefined when the adapter does not tell. */
  position: Position | undefined;
  reason: string;
}

/** One debug session of type revexec. */
export class Session {
  readonly state = new SessionState();

  constructor(readonly debug: vscode.DebugSession) {}

  get id(): string {
    return this.debug.id;
  }

  /** Where the program is, or was when it last stopped. */
  get position(): Position | undefined {
    return this.state.position;
  }

  /** Whether the program stands still. */
  get stopped(): boolean {
    return this.state.stopped;
  }

  get ended(): boolean {
    return this.state.ended;
  }

  /** What the adapter can do beyond the protocol; undefined until it has said. */
  get capabilities(): RevexecCapabilities | undefined {
    return this.state.capabilities;
  }

  /** The program's output so far, the oldest first. */
  get output(): readonly OutputLine[] {
    return this.state.output.lines();
  }

  /** Whether the adapter knows a request. */
  can(request: RequestName): boolean {
    return this.state.capabilities?.requests.includes(request) ?? false;
  }

  /** Whether it debugs a recording. */
  get recording(): boolean {
    return typeof this.debug.configuration['recording'] === 'string' && this.debug.configuration['recording'] !== '';
  }

  /** Names the history, apart from those of other sessions and of the same one before it was restarted. */
  get history(): string {
    return `${this.id} ${this.state.history}`;
  }

  /** Sends a request. The promise fails with a {@link RequestFailed}. */
  async request<R extends RequestName>(command: R, args: Arguments<R>): Promise<Body<R>> {
    try {
      return (await this.debug.customRequest(command, args)) as Body<R>;
    } catch (e) {
      throw new RequestFailed(e instanceof Error ? e.message : String(e));
    }
  }

  /** Goes to a position: an icount, or what the word `seek` takes. */
  async seek(to: number | string): Promise<void> {
    await this.request('revexec/seek', typeof to === 'number' ? { icount: to } : { to });
  }
}

/** All sessions of our type, kept by a debug adapter tracker. */
export class Sessions implements vscode.Disposable {
  private readonly all = new Map<string, Session>();
  private readonly disposables: { dispose(): unknown }[] = [];

  private readonly moved = this.emitter<Stop>();
  private readonly ran = this.emitter<Session>();
  private readonly wrote = this.emitter<Session>();
  private readonly over = this.emitter<Session>();
  private readonly began = this.emitter<Session>();
  private readonly searched = this.emitter<Session>();
  private readonly timelined = this.emitter<{ session: Session; what: readonly ('bookmarks' | 'hits')[] }>();
  private readonly switched = this.emitter<Session | undefined>();
  private readonly bared = this.emitter<{ session: Session; text: string }>();

  /** The program has stopped somewhere. */
  readonly onDidMove = this.moved.event;
  /** The program has begun to move. */
  readonly onDidRun = this.ran.event;
  /** The program has written something. */
  readonly onDidOutput = this.wrote.event;
  readonly onDidEnd = this.over.event;
  readonly onDidStart = this.began.event;
  /** A long search has begun or ended. */
  readonly onDidSearch = this.searched.event;
  /** Something of the timeline changed without a stop. */
  readonly onDidChangeTimeline = this.timelined.event;
  /** Another session is the one that the user looks at; undefined: none, or one of another debugger. */
  readonly onDidChangeActive = this.switched.event;
  /** The program has no debug information. */
  readonly onDidFindNoDebugInfo = this.bared.event;

  constructor() {
    this.disposables.push(
      vscode.debug.registerDebugAdapterTrackerFactory(debugType, {
        createDebugAdapterTracker: (debug) => this.track(debug),
      }),
      vscode.debug.onDidTerminateDebugSession((debug) => {
        const session = this.all.get(debug.id);
        if (session) this.report(session, session.state.end());
        this.all.delete(debug.id);
      }),
      vscode.debug.onDidChangeActiveDebugSession(() => {
        this.switched.fire(this.active);
      }),
    );
  }

  /** The session that the user looks at, if it is one of ours. */
  get active(): Session | undefined {
    const debug = vscode.debug.activeDebugSession;
    return debug && this.all.get(debug.id);
  }

  get(id: string): Session | undefined {
    return this.all.get(id);
  }

  list(): Session[] {
    return [...this.all.values()];
  }

  dispose(): void {
    for (const d of this.disposables) d.dispose();
  }

  private emitter<T>(): vscode.EventEmitter<T> {
    const e = new vscode.EventEmitter<T>();
    this.disposables.push(e);
    return e;
  }

  private track(debug: vscode.DebugSession): vscode.DebugAdapterTracker {
    const session = new Session(debug);
    this.all.set(debug.id, session);
    this.began.fire(session);
    return {
      onDidSendMessage: (message: unknown) => {
        this.report(session, session.state.take(message));
      },
      onExit: () => {
        this.report(session, session.state.end());
        // A session that fails at its start is not said to be terminated.
        if (this.all.get(debug.id) === session) this.all.delete(debug.id);
      },
    };
  }

  private report(session: Session, changes: Change[]): void {
    for (const c of changes) {
      switch (c.kind) {
        case 'stopped':
          this.moved.fire({ session, position: c.position, reason: c.reason });
          break;
        case 'running':
          this.ran.fire(session);
          break;
        case 'output':
          this.wrote.fire(session);
          break;
        case 'searching':
          this.searched.fire(session);
          break;
        case 'timeline':
          this.timelined.fire({ session, what: c.what });
          break;
        case 'noDebugInfo':
          this.bared.fire({ session, text: c.text });
          break;
        case 'ended':
          this.over.fire(session);
          break;
        case 'capabilities':
          break;
      }
    }
  }
}
