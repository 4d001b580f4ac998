/**
 * What the Timeline view shows, made of the adapter's answer: things in lanes. Pure; says nothing of pixels and
 * colours, but which glyph and which colour's name a kind has.
 */
import type { Bookmark, Position, Timeline, TimelineBranch, TimelineEvent, TimelineThread } from '../protocol';
import { bytes, count, share, things } from '../webviews/format';
import type { Range } from './scale';
import { Series, Stretches } from './series';

/** What can be pointed at. */
export type Kind = TimelineEvent['kind'] | 'bookmark' | 'checkpoint';

export type Glyph = 'dot' | 'ring' | 'triangle' | 'diamond' | 'flag' | 'square' | 'stop' | 'open' | 'close' | 'tick';

/** Names of the style sheet's colours, `--tl-NAME`. */
export type Ink =
  | 'breakpoint'
  | 'data'
  | 'exception'
  | 'signal'
  | 'bookmark'
  | 'exec'
  | 'exit'
  | 'thread'
  | 'output'
  | 'error'
  | 'input'
  | 'checkpoint';

export type LaneKind = 'stops' | 'branch' | 'thread' | 'output' | 'input' | 'checkpoints';

interface KindOf {
  readonly one: string;
  readonly many: string;
  readonly lane: LaneKind;
  readonly glyph: Glyph;
  readonly ink: Ink;
}

/** The kinds. Later ones are drawn over earlier ones, and are found first under the pointer. */
export const kinds: Readonly<Record<Kind, KindOf>> = {
  checkpoint: { one: 'checkpoint', many: 'checkpoints', lane: 'checkpoints', glyph: 'tick', ink: 'checkpoint' },
  output: { one: 'output', many: 'outputs', lane: 'output', glyph: 'tick', ink: 'output' },
  input: { one: 'input', many: 'inputs', lane: 'input', glyph: 'tick', ink: 'input' },
  threadEnd: { one: 'thread ended', many: 'threads ended', lane: 'thread', glyph: 'close', ink: 'thread' },
  thread: { one: 'thread started', many: 'threads started', lane: 'thread', glyph: 'open', ink: 'thread' },
  exec: { one: 'program replaced', many: 'programs replaced', lane: 'stops', glyph: 'square', ink: 'exec' },
  signal: { one: 'signal', many: 'signals', lane: 'stops', glyph: 'diamond', ink: 'signal' },
  dataBreakpoint: {
    one: 'data breakpoint hit',
    many: 'data breakpoint hits',
    lane: 'stops',
    glyph: 'ring',
    ink: 'data',
  },
  breakpoint: { one: 'breakpoint hit', many: 'breakpoint hits', lane: 'stops', glyph: 'dot', ink: 'breakpoint' },
  exception: { one: 'exception', many: 'exceptions', lane: 'stops', glyph: 'triangle', ink: 'exception' },
  exit: { one: 'exit', many: 'exits', lane: 'stops', glyph: 'stop', ink: 'exit' },
  bookmark: { one: 'bookmark', many: 'bookmarks', lane: 'stops', glyph: 'flag', ink: 'bookmark' },
};

/** The kinds in the order in which they are drawn. */
export const drawingOrder = Object.keys(kinds) as Kind[];

/** Something at a position, or several alike that were merged. */
export interface Thing {
  readonly kind: Kind;
  readonly icount: number;
  /** The position of the last of them. */
  readonly to: number;
  readonly count: number;
  readonly text: string;
  readonly thread?: number;
  /** Bytes, of output and input. */
  readonly bytes?: number;
  readonly error?: boolean;
  readonly bookmark?: Bookmark;
  /** Of checkpoints: `pinned` is kept for a bookmark or the user, `cold` is compressed. */
  readonly state?: 'pinned' | 'cold';
}

export interface Lane {
  /** Tells the lane from others, and stays the same from one answer to the next. */
  readonly key: string;
  readonly kind: LaneKind;
  readonly label: string;
  /** In drawing order. */
  readonly series: readonly { readonly kind: Kind; readonly things: Series<Thing> }[];
  readonly stretches?: Stretches;
  /** Where it exists at all: a thread from its start to its end, a branch. */
  readonly extent?: Range;
  readonly branch?: TimelineBranch;
  readonly thread?: number;
}

/** One answer of the adapter, ready to be drawn. */
export interface Picture {
  /** The range and the number of buckets it was made for. */
  readonly range: Range;
  readonly buckets: number;
  readonly lanes: readonly Lane[];
  /** Everything but checkpoints, in order. */
  readonly things: Series<Thing>;
  /** Where every breakpoint hit is known. */
  readonly hits: Range | undefined;
  readonly recording: boolean;
  readonly bookmarks: readonly Bookmark[];
}

export function picture(timeline: Timeline): Picture {
  const all = [...orNone(timeline.events).map(ofEvent), ...orNone(timeline.bookmarks).map(ofBookmark)];
  const checkpoints = orNone(timeline.checkpoints).map((c): Thing => ({
    kind: 'checkpoint',
    icount: c.icount,
    to: c.icount,
    count: c.count,
    text: '',
    ...(c.pinned === true ? { state: 'pinned' } : c.cold === true ? { state: 'cold' } : {}),
  }));
  return {
    range: { from: timeline.from, to: timeline.to },
    buckets: timeline.buckets,
    lanes: lanes(timeline, all, checkpoints),
    things: new Series(all, (thing) => thing.icount),
    hits: timeline.hits ?? undefined,
    recording: timeline.recording,
    bookmarks: timeline.bookmarks,
  };
}

/** An empty list may come as null: Go writes a list that was never made so. */
function orNone<T>(list: readonly T[] | null): readonly T[] {
  return list ?? [];
}

function lanes(timeline: Timeline, all: readonly Thing[], checkpoints: readonly Thing[]): Lane[] {
  const threads = new Set(timeline.threads.map((thread) => thread.id));
  // What belongs to a thread that the answer doesn't have is shown with the first one rather than not at all.
  const threadOf = (thing: Thing): number | undefined =>
    thing.thread !== undefined && threads.has(thing.thread) ? thing.thread : timeline.threads[0]?.id;
  const grouped = new Map<string, Thing[]>();
  for (const thing of all) {
    const lane = kinds[thing.kind].lane;
    const key = lane === 'thread' ? `thread ${String(threadOf(thing))}` : lane;
    const group = grouped.get(key);
    if (group === undefined) {
      grouped.set(key, [thing]);
    } else {
      group.push(thing);
    }
  }
  const made: Lane[] = [
    { key: 'stops', kind: 'stops', label: 'Stops', series: seriesByKind(grouped.get('stops') ?? []) },
  ];
  if (timeline.branches.length > 1) {
    for (const branch of timeline.branches) {
      made.push({
        key: `branch ${branch.id}`,
        kind: 'branch',
        label: branch.name,
        series: [],
        extent: { from: branch.from, to: branch.to },
        branch,
      });
    }
  }
  for (const thread of timeline.threads) {
    made.push({
      key: `thread ${thread.id}`,
      kind: 'thread',
      label: threadLabel(thread, timeline.threads),
      series: seriesByKind(grouped.get(`thread ${thread.id}`) ?? []),
      stretches: new Stretches(orNone(thread.active)),
      extent: { from: thread.from, to: thread.to ?? timeline.position.frontier },
      thread: thread.id,
    });
  }
  const output = grouped.get('output');
  if (output !== undefined) {
    made.push({ key: 'output', kind: 'output', label: 'Output', series: seriesByKind(output) });
  }
  const input = grouped.get('input');
  if (input !== undefined) {
    made.push({ key: 'input', kind: 'input', label: 'Input', series: seriesByKind(input) });
  }
  made.push({
    key: 'checkpoints',
    kind: 'checkpoints',
    label: 'Checkpoints',
    series: [
      {
        kind: 'checkpoint',
        things: new Series(
          checkpoints,
          (thing) => thing.icount,
          (thing) => thing.count,
        ),
      },
    ],
  });
  return made;
}

/** The name of a thread; threads that nobody named have their program's all alike, and are told apart by their number. */
function threadLabel({ id, name }: TimelineThread, all: readonly TimelineThread[]): string {
  if (name === '') {
    return `Thread ${id}`;
  }
  return all.some((other) => other.id !== id && other.name === name) ? `${name} (${id})` : name;
}

/** What is written weighs its bytes, everything else its number. */
function weight(thing: Thing): number {
  return thing.bytes ?? thing.count;
}

/** A series for each kind; what was written as an error has one of its own, as it has a colour of its own. */
function seriesByKind(of: readonly Thing[]): Lane['series'] {
  return drawingOrder.flatMap((kind) =>
    [false, true].flatMap((error) => {
      const group = of.filter((thing) => thing.kind === kind && (thing.error === true) === error);
      return group.length === 0 ? [] : [{ kind, things: new Series(group, (thing) => thing.icount, weight) }];
    }),
  );
}

function ofEvent(event: TimelineEvent): Thing {
  return {
    kind: event.kind in kinds ? event.kind : 'signal',
    icount: event.icount,
    to: event.to ?? event.icount,
    count: event.count,
    text: event.text,
    ...(event.thread === undefined ? {} : { thread: event.thread }),
    ...(event.bytes === undefined ? {} : { bytes: event.bytes }),
    ...(event.stream === 'stderr' ? { error: true } : {}),
  };
}

function ofBookmark(bookmark: Bookmark): Thing {
  return {
    kind: 'bookmark',
    icount: bookmark.icount,
    to: bookmark.icount,
    count: 1,
    text: bookmark.name === '' ? bookmark.text : bookmark.name,
    ...(bookmark.thread === undefined ? {} : { thread: bookmark.thread }),
    bookmark,
  };
}

/** Several things of one kind as one: what a bin stands for. */
export function merged(of: readonly Thing[]): Thing | undefined {
  const [first] = of;
  if (first === undefined || of.length === 1) {
    return first;
  }
  const sum = (value: (thing: Thing) => number): number => of.reduce((total, thing) => total + value(thing), 0);
  return {
    ...first,
    to: of.reduce((to, thing) => Math.max(to, thing.to), first.to),
    count: sum((thing) => thing.count),
    ...(first.bytes === undefined ? {} : { bytes: sum((thing) => thing.bytes ?? 0) }),
  };
}

/** What a thing is, in a word or two: `Breakpoint hit`, `37 breakpoint hits`. */
export function title(thing: Thing): string {
  const kind = kinds[thing.kind];
  if (thing.count > 1) {
    return things(thing.count, kind.one, kind.many);
  }
  const name = thing.error === true ? 'error output' : kind.one;
  const state = thing.state === undefined ? '' : thing.state === 'pinned' ? 'pinned ' : 'compressed ';
  const full = state + name;
  return full.charAt(0).toUpperCase() + full.slice(1);
}

/** What more there is to say of a thing, beside its position: bytes, the end of several. */
export function detail(thing: Thing): string {
  const parts: string[] = [];
  if (thing.bytes !== undefined) {
    parts.push(bytes(thing.bytes));
  }
  if (thing.count > 1 && thing.to > thing.icount) {
    parts.push(`up to ${count(thing.to)}`);
  }
  return parts.join(', ');
}

/** The whole history: from the oldest position that can be gone to, to the newest. */
export function whole(position: Position): Range {
  return { from: position.start, to: Math.max(position.frontier, position.start + 1) };
}

/** A position for a person: `12,345 of 99,999 (12.3 %)`. */
export function place(icount: number, position: Position): string {
  return placeParts(icount, position).join('');
}

/** [place] in parts, of which the middle one can be left out where there is no room. */
export function placeParts(icount: number, position: Position): readonly [at: string, of: string, share: string] {
  return [count(icount), ` of ${count(position.frontier)}`, ` (${share(icount, position.start, position.frontier)})`];
}

/** Where the program is, in words. */
export function whereabouts(position: Position): string {
  if (position.live) {
    return position.ended === true ? 'at the end, the program has ended' : 'live';
  }
  return 'in the past';
}

/** A thing and its position in one sentence, for a screen reader and the list. */
export function sentence(thing: Thing, position: Position): string {
  const text = thing.text === '' ? '' : `: ${thing.text}`;
  return `${title(thing)}${text}, at ${place(thing.icount, position)}`;
}

/** The next thing after, or the last before, a position, or the range that has to be looked at more closely first. */
export type Neighbour = { readonly icount: number } | { readonly within: Range } | undefined;

/**
 * Finds the neighbour of a position in a direction. Things that the adapter merged have only their first and last
 * position; where the neighbour may be one between, the range to ask for in detail is the answer.
 */
export function neighbour(all: Iterable<Thing>, from: number, direction: 1 | -1): Neighbour {
  let nearest: number | undefined;
  let unsure: Range | undefined;
  const closer = (icount: number): void => {
    if (nearest === undefined || (icount - nearest) * direction < 0) {
      nearest = icount;
    }
  };
  for (const thing of all) {
    const [near, far] = direction > 0 ? [thing.icount, thing.to] : [thing.to, thing.icount];
    if ((near - from) * direction > 0) {
      closer(near);
    } else if ((far - from) * direction > 0) {
      closer(far);
      if (thing.count > 2 || near !== from) {
        unsure = direction > 0 ? { from: from + 1, to: far } : { from: far, to: from - 1 };
      }
    }
  }
  if (nearest === undefined) {
    return undefined;
  }
  if (unsure === undefined) {
    return { icount: nearest };
  }
  const range = direction > 0 ? { from: unsure.from, to: nearest } : { from: nearest, to: unsure.to };
  return range.to > range.from ? { within: range } : { icount: nearest };
}
