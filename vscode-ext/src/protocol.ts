/**
 * What dap-revexec adds to the Debug Adapter Protocol, and the little of the
 * protocol itself that the extension reads. The names are those on the wire;
 * `adapter/dap/EXTENSIONS.md` describes them.
 *
 * A position is an icount, the number of instructions executed since the program's
 * start. It fits into a double up to 2⁵³, which is more than a machine gets through.
 */

/** Where the program is in its history. */
export interface Position {
  /** Instructions executed since the program's start. */
  icount: number;
  /** The newest position recorded: the program is live there. */
  frontier: number;
  /** The oldest position there is: 0, but for recordings that keep the end only. */
  start: number;
  /** The thread that is current there. */
  thread: number;
  /** At the frontier: going on executes the program anew. */
  live: boolean;
  /** The program has ended at the frontier. */
  ended?: boolean;
}

/** An access to watched data, in a stopped event. */
export interface WatchInfo {
  expr: string;
  /** Hexadecimal. */
  address: string;
  /** Bytes. */
  size: number;
  /** Else a read. */
  write: boolean;
  old: string;
  new?: string;
  icount: number;
}

/** How the program ended, in a stopped event with the reason `exit`. */
export interface ExitInfo {
  code: number;
  signal?: string;
}

/** `body.revexec` of stopped events. */
export interface StopInfo extends Position {
  /** The program went backward. */
  back?: boolean;
  watch?: WatchInfo;
  exit?: ExitInfo;
}

export type Stream = 'stdout' | 'stderr';

/** `body.revexec` of output events of the program's output. */
export interface OutputInfo {
  /** Where the program wrote it: the position before the write. */
  icount: number;
  stream?: Stream;
  /** Bytes that the program had written to the stream before. */
  offset?: number;
}

/** The protocol's Source, as far as the extension reads it. */
export interface Source {
  name?: string;
  path?: string;
  sourceReference?: number;
}

/** A bookmarked position. */
export interface Bookmark {
  id: number;
  name: string;
  icount: number;
  thread?: number;
  source?: Source;
  line?: number;
  /** The place, for a person. */
  text: string;
}

/** A value at a position. */
export interface Value {
  text: string;
  /** For integers, floats, enums and bools. */
  number?: number;
}

/** Something in history that can be gone to. */
export interface Occurrence {
  icount: number;
  thread: number;
  function?: string;
  source?: Source;
  line?: number;
  reason: string;
  /** Of a write: the value before it. */
  old?: Value;
  /** Of a write: the value after it. */
  new?: Value;
  breakpoints?: number[];
  text: string;
}

/** A place of the program: one of file and line, function, or address. */
export interface PlaceArguments {
  source?: Source;
  line?: number;
  function?: string;
  instructionReference?: string;
}

/** The arguments of `dataBreakpointInfo`: a variable of a container, or an expression. */
export interface DataArguments {
  variablesReference?: number;
  name: string;
  frameId?: number;
  bytes?: number;
  asAddress?: boolean;
}

/** The answer to `revexec/where`. */
export interface Where extends Position {
  /** icount of frontier. */
  percent: number;
  text: string;
  source?: Source;
  line?: number;
}

/** Positions in history at which a piece of data had its values. */
export interface ValueHistory {
  name: string;
  /** An expression for it, that can be evaluated again after the program has moved. */
  evaluateName?: string;
  type?: string;
  /** Hexadecimal. */
  address: string;
  /** Bytes. */
  size: number;
  from: number;
  to: number;
  /** All writes between `from` and `to` are there. */
  complete: boolean;
  /** The value at `from`. */
  initial?: Value;
  occurrences: Occurrence[];
}

/** What happens at a position, on the timeline. */
export type EventKind =
  | 'output'
  | 'input'
  | 'signal'
  | 'exception'
  | 'thread'
  | 'threadEnd'
  | 'exec'
  | 'exit'
  | 'breakpoint'
  | 'dataBreakpoint';

/** Events of one kind and thread that fall into one bucket. */
export interface TimelineEvent {
  /** Of the first. */
  icount: number;
  /** Of the last. */
  to?: number;
  kind: EventKind;
  thread?: number;
  count: number;
  text: string;
  stream?: Stream;
  bytes?: number;
  breakpoints?: number[];
}

/** A thread's lane. */
export interface TimelineThread {
  id: number;
  name: string;
  from: number;
  to?: number;
  /** Stretches in which it ran. */
  active: [number, number][];
}

/** Checkpoints that fall into one bucket. */
export interface TimelineCheckpoints {
  icount: number;
  count: number;
  /** It lies compressed, or on disk. */
  cold?: boolean;
  /** It stays: a bookmark's, or one that was asked for. */
  pinned?: boolean;
}

export interface TimelineBranch {
  id: number;
  name: string;
  from: number;
  to: number;
  current: boolean;
}

/** The answer to `revexec/timeline`. */
export interface Timeline {
  position: Position;
  /** The history is that of a recording. */
  recording: boolean;
  from: number;
  to: number;
  buckets: number;
  threads: TimelineThread[];
  checkpoints: TimelineCheckpoints[];
  events: TimelineEvent[];
  bookmarks: Bookmark[];
  branches: TimelineBranch[];
  /** Where all breakpoint hits are known; null: only those that were stopped at. */
  hits: { from: number; to: number } | null;
}

export type Granularity = 'statement' | 'line' | 'instruction';

/** Steps in one thread. */
export interface StepArguments {
  threadId: number;
  granularity?: Granularity;
}

/** The requests of our own: arguments and bodies of responses. */
export interface Requests {
  'revexec/reverseStepIn': [StepArguments, unknown];
  'revexec/reverseStepOut': [StepArguments, unknown];
  'revexec/lastWrite': [DataArguments, unknown];
  'revexec/nextWrite': [DataArguments, unknown];
  'revexec/seek': [{ icount: number } | { to: string }, { icount: number }];
  'revexec/where': [Record<string, never>, Where];
  'revexec/bookmarks': [Record<string, never>, { bookmarks: Bookmark[] }];
  'revexec/setBookmark': [{ name?: string; icount?: number; id?: number }, { bookmark: Bookmark }];
  'revexec/removeBookmark': [{ id: number }, unknown];
  'revexec/lastExecution': [PlaceArguments & { breakpoints?: boolean }, unknown];
  'revexec/nextExecution': [PlaceArguments & { breakpoints?: boolean }, unknown];
  'revexec/executions': [PlaceArguments & { limit?: number }, { occurrences: Occurrence[]; complete: boolean }];
  'revexec/backToCall': [{ frameId: number }, unknown];
  'revexec/valueHistory': [DataArguments & { limit?: number; quiet?: boolean }, ValueHistory];
  'revexec/findHits': [{ limit?: number }, { occurrences: Occurrence[]; complete: boolean }];
  'revexec/outputMoment': [
    { stream?: Stream; offset: number } | { stream?: Stream; text: string; before?: number },
    { icount: number; offset: number; size: number; text: string },
  ];
  'revexec/timeline': [{ from?: number; to?: number; buckets?: number }, Timeline];

  // Of the protocol itself.
  cancel: [{ requestId?: number; progressId?: string }, unknown];
  evaluate: [{ expression: string; frameId?: number; context?: string }, { result: string; variablesReference: number }];
  stackTrace: [{ threadId: number; startFrame?: number; levels?: number }, { stackFrames: StackFrame[]; totalFrames?: number }];
  threads: [undefined, { threads: { id: number; name: string }[] }];
}

/** The protocol's StackFrame, as far as the extension reads it. */
export interface StackFrame {
  id: number;
  name: string;
  line: number;
  source?: Source;
  instructionPointerReference?: string;
}

export type RequestName = keyof Requests;
export type Arguments<R extends RequestName> = Requests[R][0];
export type Body<R extends RequestName> = Requests[R][1];

/** The event `revexec/timelineChanged`: something of the timeline changed without a stop. */
export interface TimelineChanged {
  what: ('bookmarks' | 'hits')[];
}

/** `body.revexec` of the response to initialize. */
export interface RevexecCapabilities {
  requests: string[];
  words: string[];
}

/** Numbers of errors, `body.error.id`, that the extension tells apart. */
export const errorIds = {
  unknownRequest: 1002,
  notStopped: 1005,
  cancelled: 1006,
  launch: 2001,
} as const;

// The messages that the extension looks at. Whatever comes is only believed as far
// as the guards below have looked at it.

export interface Message {
  seq: number;
  type: string;
}

export interface EventMessage extends Message {
  type: 'event';
  event: string;
  body?: unknown;
}

export interface ResponseMessage extends Message {
  type: 'response';
  request_seq: number;
  success: boolean;
  command: string;
  message?: string;
  body?: unknown;
}

export interface RequestMessage extends Message {
  type: 'request';
  command: string;
  arguments?: unknown;
}

export type AnyRecord = Record<string, unknown>;

/** Whether a value is an object whose members can be looked at. */
export function isRecord(v: unknown): v is AnyRecord {
  return typeof v === 'object' && v !== null;
}

export function isEvent(v: unknown): v is EventMessage {
  return isRecord(v) && v['type'] === 'event' && typeof v['event'] === 'string';
}

export function isResponse(v: unknown): v is ResponseMessage {
  return isRecord(v) && v['type'] === 'response' && typeof v['command'] === 'string';
}

export function isRequest(v: unknown): v is RequestMessage {
  return isRecord(v) && v['type'] === 'request' && typeof v['command'] === 'string';
}

/**
 * Reads a position. Members that an older adapter does not send are told from the
 * others.
 */
export function asPosition(v: unknown): Position | undefined {
  if (!isRecord(v) || typeof v['icount'] !== 'number' || typeof v['frontier'] !== 'number') {
    return undefined;
  }
  const { icount, frontier, start, thread, live, ended } = v;
  return {
    icount,
    frontier,
    start: typeof start === 'number' ? start : 0,
    thread: typeof thread === 'number' ? thread : 0,
    live: typeof live === 'boolean' ? live : icount === frontier,
    ...(typeof ended === 'boolean' ? { ended } : {}),
  };
}
