/**
 * What the extension knows of a debug session, from the messages that the editor and
 * the adapter exchange. Pure: it is fed messages and asked questions.
 */

import {
  asPosition,
  isEvent,
  isRecord,
  isResponse,
  type OutputInfo,
  type Position,
  type RevexecCapabilities,
  type StackFrame,
  type Stream,
  type TimelineChanged,
} from './protocol';

/** A line, or a piece of one, that the program wrote. */
export interface OutputLine {
  text: string;
  stream: Stream;
  /** Where the program wrote its first byte. */
  icount: number;
}

/** What a message changed. */
export type Change =
  | { kind: 'stopped'; position: Position | undefined; reason: string; thread: number | undefined }
  | { kind: 'running' }
  | { kind: 'output' }
  | { kind: 'timeline'; what: TimelineChanged['what'] }
  | { kind: 'searching' }
  | { kind: 'capabilities' }
  | { kind: 'noDebugInfo'; text: string }
  | { kind: 'ended' };

/** Requests after whose successful answer the program moves. */
const moving = new Set([
  'continue',
  'next',
  'stepIn',
  'stepOut',
  'stepBack',
  'reverseContinue',
  'goto',
  'restartFrame',
  'configurationDone',
  'revexec/reverseStepIn',
  'revexec/reverseStepOut',
  'revexec/lastWrite',
  'revexec/nextWrite',
  'revexec/seek',
  'revexec/lastExecution',
  'revexec/nextExecution',
  'revexec/backToCall',
]);

const maxOutputLines = 20_000;
/** How much is kept of a line, in UTF-16 units: a program may write megabytes without an end of line. */
const maxLineLength = 2000;

/** The newest lines of a program's output. A line that comes in pieces is one line. */
export class OutputLines {
  private readonly all: OutputLine[] = [];
  private readonly open = new Map<Stream, OutputLine>();

  constructor(private readonly limit = maxOutputLines) {}

  /** Adds what an output event brought. */
  add(text: string, stream: Stream, icount: number): void {
    for (const piece of text.split(/(?<=\n)/)) {
      if (piece === '') continue;
      let line = this.open.get(stream);
      if (!line) {
        line = { text: '', stream, icount };
        this.all.push(line);
      }
      const room = maxLineLength - line.text.length;
      if (room > 0) line.text += piece.replace(/\r?\n$/, '').slice(0, room);
      if (piece.endsWith('\n')) this.open.delete(stream);
      else this.open.set(stream, line);
    }
    if (this.all.length > this.limit + this.limit / 4) this.all.splice(0, this.all.length - this.limit);
  }

  clear(): void {
    this.all.length = 0;
    this.open.clear();
  }

  /** The lines in the order written; the oldest may have been forgotten. */
  lines(): readonly OutputLine[] {
    return this.all;
  }
}

/** The state of one debug session. */
export class SessionState {
  /** Of the last stop. Undefined before the first, and while an older adapter does not tell. */
  position: Position | undefined;
  /** The program stands still and can be asked and moved. */
  stopped = false;
  ended = false;
  /** What the adapter can do beyond the protocol. */
  capabilities: RevexecCapabilities | undefined;
  /** Counts the histories of the session: a restart begins another one. */
  history = 0;
  /** The reason of the last stop. */
  reason: string | undefined;
  /** The thread of the last stop. */
  thread: number | undefined;
  readonly output = new OutputLines();
  /** Progress reports that have begun and not ended, which can be cancelled, by ID. */
  readonly searches = new Map<string, string>();
  /** The frames that the editor was told of since the last stop, by ID. */
  readonly frames = new Map<number, StackFrame>();
  /** The program has no debug information; what the adapter says of it. */
  noDebugInfo: string | undefined;

  /** Takes a message, and tells what it changed. */
  take(message: unknown): Change[] {
    if (isEvent(message)) return this.event(message.event, isRecord(message.body) ? message.body : {});
    if (isResponse(message)) {
      if (!message.success) return [];
      if (message.command === 'initialize') return this.initialized(message.body);
      if (moving.has(message.command)) return this.run();
      if (message.command === 'restart') return this.restarted();
      if (message.command === 'stackTrace') this.framesOf(message.body);
    }
    return [];
  }

  private event(name: string, body: Record<string, unknown>): Change[] {
    switch (name) {
      case 'stopped': {
        this.position = asPosition(body['revexec']);
        this.stopped = true;
        this.frames.clear();
        this.reason = typeof body['reason'] === 'string' ? body['reason'] : '';
        this.thread = typeof body['threadId'] === 'number' ? body['threadId'] : this.position?.thread;
        return [{ kind: 'stopped', position: this.position, reason: this.reason, thread: this.thread }];
      }
      case 'continued':
        return this.run();
      case 'output':
        return this.outputEvent(body);
      case 'progressStart':
        if (typeof body['progressId'] !== 'string') return [];
        this.searches.set(body['progressId'], typeof body['title'] === 'string' ? body['title'] : '');
        return [{ kind: 'searching' }];
      case 'progressEnd':
        return typeof body['progressId'] === 'string' && this.searches.delete(body['progressId']) ? [{ kind: 'searching' }] : [];
      case 'revexec/timelineChanged': {
        const what = Array.isArray(body['what']) ? body['what'] : [];
        return [{ kind: 'timeline', what: what.filter((w): w is 'bookmarks' | 'hits' => w === 'bookmarks' || w === 'hits') }];
      }
      case 'terminated':
        return this.end();
      default:
        return [];
    }
  }

  private run(): Change[] {
    if (!this.stopped) return [];
    this.stopped = false;
    return [{ kind: 'running' }];
  }

  /** The program starts anew: another history, in which nothing of the last one's positions means anything. */
  private restarted(): Change[] {
    this.history++;
    this.output.clear();
    this.position = undefined;
    this.stopped = false;
    return [{ kind: 'running' }];
  }

  /** The session is over. */
  end(): Change[] {
    if (this.ended) return [];
    this.ended = true;
    this.stopped = false;
    this.searches.clear();
    return [{ kind: 'ended' }];
  }

  private outputEvent(body: Record<string, unknown>): Change[] {
    const text = typeof body['output'] === 'string' ? body['output'] : '';
    const category = body['category'];
    if (category === 'console' && text.includes(': no debug information (')) {
      this.noDebugInfo = text.trim();
      return [{ kind: 'noDebugInfo', text: this.noDebugInfo }];
    }
    const info = asOutputInfo(body['revexec']);
    if (!info || (category !== 'stdout' && category !== 'stderr')) return [];
    this.output.add(text, info.stream ?? category, info.icount);
    return [{ kind: 'output' }];
  }

  private framesOf(body: unknown): void {
    const list = isRecord(body) && Array.isArray(body['stackFrames']) ? body['stackFrames'] : [];
    for (const f of list) {
      if (!isRecord(f) || typeof f['id'] !== 'number' || typeof f['line'] !== 'number') continue;
      const { id, line, name, source } = f;
      this.frames.set(id, { id, line, name: typeof name === 'string' ? name : '', ...(isRecord(source) ? { source } : {}) });
    }
  }

  private initialized(body: unknown): Change[] {
    const own = isRecord(body) ? body['revexec'] : undefined;
    if (!isRecord(own)) return [];
    const texts = (v: unknown): string[] => (Array.isArray(v) ? v.filter((s): s is string => typeof s === 'string') : []);
    this.capabilities = { requests: texts(own['requests']), words: texts(own['words']) };
    return [{ kind: 'capabilities' }];
  }
}

function asOutputInfo(v: unknown): OutputInfo | undefined {
  if (!isRecord(v) || typeof v['icount'] !== 'number') return undefined;
  const { icount, stream, offset } = v;
  return {
    icount,
    ...(stream === 'stdout' || stream === 'stderr' ? { stream } : {}),
    ...(typeof offset === 'number' ? { offset } : {}),
  };
}
