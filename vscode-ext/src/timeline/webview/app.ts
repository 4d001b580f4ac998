/** The Timeline view: its parts, and what it does. How it is painted is painter.ts's, how it is pointed at input.ts's. */
import type { Position, Timeline } from '../../protocol';
import { count, oneLine, things as thingsOf } from '../../webviews/format';
import { element } from '../../webviews/webview/dom';
import { keepFocus } from '../../webviews/webview/focus';
import { Host } from '../../webviews/webview/host';
import { onThemeChange } from '../../webviews/webview/theme';
import { Feed } from '../feed';
import { hit, type Hit } from '../hit';
import { layout, overviewHeight, rulerHeight, type Layout } from '../layout';
import { LastWins } from '../lastwins';
import type { Activity, RequestName, Requests, ToPage } from '../messages';
import { neighbour, picture, place, sentence, whereabouts, whole, type Picture, type Thing } from '../model';
import { panned, revealing, Scale, span, within, zoomed, type Range } from '../scale';
import { EventList } from './eventlist';
import { Input } from './input';
import { paint, paintOverview, type Scene } from './painter';
import { readTheme, type Theme } from './theme';
import { Tip } from './tip';
import { Toolbar } from './toolbar';

/** What outlives the page: VS Code makes it anew when the view was hidden (view.ts tells why). */
interface Saved {
  readonly session?: string;
  readonly view?: Range;
  readonly list?: boolean;
}

/** How long the program may run before the view says so: a step is over before. */
const runningAfter = 250;

export class App {
  private readonly host = new Host((message) => {
    this.receive(message as ToPage);
  });
  private readonly toolbar = new Toolbar(this);
  private readonly canvas = element('canvas', {
    class: 'axis',
    role: 'slider',
    tabindex: '0',
    'aria-label': "Position in the program's history",
    'aria-orientation': 'horizontal',
    'aria-describedby': 'keys',
  });
  private readonly spacer = element('div', { class: 'spacer' });
  private readonly scroller = element('div', { class: 'scroller', tabindex: '-1' }, this.spacer, this.canvas);
  private readonly tip = new Tip();
  private readonly stage = element('div', { class: 'stage' }, this.scroller, this.tip.root);
  private readonly overview = element('canvas', { class: 'overview hidden', 'aria-hidden': 'true' });
  private readonly announcer = element('div', { class: 'sr', role: 'status', 'aria-live': 'polite' });
  private readonly nothing = element('div', { class: 'nothing hidden' });
  private readonly list = new EventList({
    seek: (icount) => {
      this.seek(icount);
    },
    rename: (thing) => {
      this.renameBookmark(thing);
    },
    remove: (thing) => {
      this.removeBookmark(thing);
    },
  });
  private readonly parts = [
    this.toolbar.root,
    this.stage,
    this.overview,
    this.list.root,
    element('div', { class: 'sr', id: 'keys' }, keysHelp),
  ];

  private theme: Theme;
  private session = '';
  private activity: Activity = 'idle';
  private position: Position | undefined;
  /** The part in view; undefined is the whole history, however it grows. */
  private view: Range | undefined;
  private animation: { readonly from: Range; readonly to: Range; readonly start: number } | undefined;
  private pointer: { readonly x: number; readonly y: number; readonly hit: Hit | undefined } | undefined;
  private keyboard: number | undefined;
  /** Where a seek under way will arrive: the playhead is there already. */
  private target: number | undefined;
  private shownRunning = false;
  private runningTimer: ReturnType<typeof setTimeout> | undefined;
  private listTimer: ReturnType<typeof setTimeout> | undefined;
  private scrubbing = false;
  /** The last thing that was done here was done with a key. */
  private typing = false;
  private drawn = false;
  private frame: Layout;
  private readonly feed: Feed;
  private readonly seeks = new LastWins<number>((icount) => this.seekNow(icount));

  constructor(private readonly body: HTMLElement) {
    const root = element('main', { class: 'tl' }, ...this.parts, this.nothing, this.announcer);
    body.append(root);
    this.theme = readTheme();
    this.frame = layout(undefined, 0, 0);
    this.feed = new Feed(
      (question) => this.request('timeline', question) as Promise<Timeline>,
      () => {
        this.relayout();
      },
      {
        set: (run, ms) => setTimeout(run, ms),
        clear: (timer) => {
          clearTimeout(timer as number);
        },
      },
      () => performance.now(),
    );
    new Input(this.canvas, this.overview, this.scroller, this);
  }

  start(): void {
    const saved = (this.host.state ?? {}) as Saved;
    this.list.root.classList.toggle('shown', saved.list === true);
    this.toolbar.setList(saved.list === true);
    new ResizeObserver(() => {
      this.relayout();
    }).observe(this.stage);
    onThemeChange(() => {
      this.theme = readTheme();
      this.invalidate();
    });
    this.scroller.addEventListener('scroll', () => {
      this.invalidate();
    });
    keepFocus();
    for (const [event, typing] of [
      ['keydown', true],
      ['pointerdown', false],
    ] as const) {
      document.addEventListener(event, () => (this.typing = typing), { capture: true });
    }
    this.host.send({ type: 'ready' });
  }

  // What the toolbar and the input do.

  /** The history's ends. */
  get limits(): Range {
    return this.position === undefined ? { from: 0, to: 1 } : whole(this.position);
  }

  get range(): Range {
    return this.view ?? this.limits;
  }

  get scale(): Scale {
    return new Scale(this.range, this.frame.axis, this.frame.left);
  }

  get overviewScale(): Scale {
    return new Scale(this.limits, this.frame.axis, this.frame.left);
  }

  get size(): Layout {
    return this.frame;
  }

  /** The position that keys start from. */
  get cursor(): number {
    return this.keyboard ?? this.target ?? this.position?.icount ?? 0;
  }

  hitAt(x: number, y: number): Hit | undefined {
    return y < rulerHeight ? undefined : hit(this.frame, this.scale, x, y + this.scroller.scrollTop);
  }

  /** The pointer is at a place of the canvas, or has left it. */
  point(at: { readonly x: number; readonly y: number } | undefined): Hit | undefined {
    const found = at === undefined ? undefined : this.hitAt(at.x, at.y);
    this.pointer = at === undefined ? undefined : { ...at, hit: found };
    this.canvas.classList.toggle('over', found !== undefined);
    const bookmark = found?.thing.bookmark;
    this.canvas.dataset['vscodeContext'] = JSON.stringify({
      webviewSection: bookmark === undefined ? 'axis' : 'bookmark',
      ...(bookmark === undefined ? {} : { bookmark: bookmark.id }),
      preventDefaultContextMenuItems: true,
    });
    this.invalidate();
    return found;
  }

  /** Goes to a position; of many wishes in a row the last one counts. */
  seek(icount: number): void {
    // While a seek of ours is under way the program moves for a moment, too: the next one waits for it.
    if ((this.activity !== 'stopped' && !this.seeks.busy) || this.position === undefined) {
      this.announce('The program is running.');
      return;
    }
    const { from, to } = this.limits;
    const aim = Math.round(Math.min(Math.max(icount, from), Math.min(to, this.position.frontier)));
    this.target = aim;
    this.keyboard = undefined;
    this.seeks.put(aim);
    this.invalidate();
  }

  /** While scrubbing, data are not asked for at each stop. */
  scrub(on: boolean): void {
    this.scrubbing = on;
    this.canvas.classList.toggle('scrubbing', on);
    if (!on) {
      this.feed.outdate();
    }
  }

  zoomBy(factor: number, at = this.zoomCentre(), animate = false): void {
    this.setView(zoomed(this.range, this.limits, at, factor), animate);
  }

  zoomWhole(): void {
    this.setView(this.limits, true);
  }

  panBy(instructions: number): void {
    this.setView(panned(this.range, this.limits, instructions), false);
  }

  showRange(range: Range): void {
    this.setView(within(range, this.limits), false);
  }

  /** Moves the keyboard's cursor; it is shown and told, and Enter goes there. */
  moveCursor(to: number): void {
    if (this.position === undefined) {
      return;
    }
    this.keyboard = Math.round(Math.min(Math.max(to, this.limits.from), this.position.frontier));
    this.setView(revealing(this.range, this.limits, this.keyboard), false);
    this.invalidate();
  }

  dropCursor(): boolean {
    const had = this.keyboard !== undefined;
    this.keyboard = undefined;
    this.invalidate();
    return had;
  }

  /** The next event of the picture from the cursor. */
  eventFromCursor(direction: 1 | -1): number {
    const things = this.picture?.things;
    const item =
      direction > 0
        ? things?.items[things.firstFrom(this.cursor + 1)]
        : things?.items[things.firstFrom(this.cursor) - 1];
    return item?.icount ?? (direction > 0 ? this.limits.to : this.limits.from);
  }

  /** Goes to the next or the previous event of the history. Looks more closely where several were merged. */
  async toEvent(direction: 1 | -1): Promise<void> {
    const { session } = this;
    const from = this.target ?? this.position?.icount;
    const known = this.picture;
    if (from === undefined || known === undefined) {
      return;
    }
    let found = neighbour(known.things.items, from, direction);
    if (found === undefined && known !== this.feed.overview) {
      found = neighbour(this.feed.overview?.things.items ?? [], from, direction);
    }
    for (let tries = 0; found !== undefined && 'within' in found && tries < 8; tries++) {
      const { from: low, to: high } = found.within;
      try {
        const closer = (await this.request('timeline', { from: low, to: high, buckets: 1000 })) as Timeline;
        const inside = picture(closer).things.items.filter((thing) => thing.to >= low && thing.icount <= high);
        found = neighbour(inside, from, direction) ?? { icount: direction > 0 ? high : low };
      } catch (error) {
        this.announce(messageOf(error));
        return;
      }
    }
    if (session !== this.session) {
      return;
    }
    if (found === undefined || 'within' in found) {
      this.announce(direction > 0 ? 'No event after this position.' : 'No event before this position.');
      return;
    }
    this.seek(found.icount);
  }

  toStart(): void {
    this.seek(this.limits.from);
  }

  toEnd(): void {
    this.seek(this.position?.frontier ?? 0);
  }

  async findHits(): Promise<void> {
    this.announce('Looking for all hits of breakpoints.');
    if (await this.tried('findHits', {})) {
      this.announce('All hits of breakpoints are in the timeline.');
    }
  }

  async addBookmark(icount?: number): Promise<void> {
    const at = icount ?? this.position?.icount;
    if ((await this.tried('addBookmark', icount === undefined ? {} : { icount })) && at !== undefined) {
      this.announce(`Bookmark added at ${count(at)}.`);
    }
  }

  toggleList(): void {
    const shown = this.list.root.classList.toggle('shown');
    this.toolbar.setList(shown);
    this.save();
    this.updateList();
  }

  // The rest is what happens to it.

  private get picture(): Picture | undefined {
    return this.feed.pictureFor(this.range);
  }

  private zoomCentre(): number {
    const { range, cursor } = this;
    return cursor >= range.from && cursor <= range.to ? cursor : (range.from + range.to) / 2;
  }

  private receive(message: ToPage): void {
    if (message.type === 'state') {
      this.setState(message);
    } else if (message.type === 'changed') {
      this.feed.outdate();
    }
  }

  private setState(state: Extract<ToPage, { type: 'state' }>): void {
    const before = this.position;
    if (state.session !== this.session) {
      this.session = state.session;
      this.feed.reset();
      this.seeks.clear();
      this.keyboard = this.target = this.animation = undefined;
      const saved = (this.host.state ?? {}) as Saved;
      this.view = saved.session === this.session ? saved.view : undefined;
      this.position = undefined;
    }
    this.activity = state.activity;
    this.position = state.position ?? this.position;
    if (state.activity === 'stopped' && state.position !== undefined) {
      this.stoppedAt(state.position, before);
    }
    this.feed.allow(state.activity === 'stopped');
    this.showRunning(state.activity === 'running');
    const there = state.activity !== 'idle' && this.position !== undefined;
    this.nothing.textContent = state.activity === 'idle' ? startHint : 'The program is running.';
    this.nothing.classList.toggle('hidden', there);
    for (const part of this.parts) {
      if (part !== this.overview) {
        part.classList.toggle('hidden', !there);
      }
    }
    this.toolbar.update(this.position);
    this.relayout();
  }

  private stoppedAt(position: Position, before: Position | undefined): void {
    if (!this.seeks.busy) {
      this.target = undefined;
    }
    if (
      before?.icount === position.icount &&
      before.frontier === position.frontier &&
      this.feed.overview !== undefined
    ) {
      return;
    }
    if (this.view !== undefined) {
      this.view = within(
        this.scrubbing ? this.view : revealing(this.view, whole(position), position.icount),
        whole(position),
      );
    }
    // Where the history grew there is something new; elsewhere breakpoints that were hit for the first time.
    if (!this.scrubbing || before?.frontier !== position.frontier) {
      this.feed.outdate();
    }
    if (!this.scrubbing) {
      this.announce(`${place(position.icount, position)}, ${whereabouts(position)}`);
    }
  }

  /** Says that the program runs, if it still does after a moment. */
  private showRunning(running: boolean): void {
    clearTimeout(this.runningTimer);
    const show = (on: boolean): void => {
      this.shownRunning = on;
      this.toolbar.setRunning(on);
      this.invalidate();
    };
    if (!running) {
      show(false);
    } else if (!this.shownRunning) {
      this.runningTimer = setTimeout(() => {
        show(true);
        this.announce('The program is running.');
      }, runningAfter);
    }
  }

  private async seekNow(icount: number): Promise<void> {
    try {
      await this.request('seek', { icount, focused: this.typing && document.hasFocus() });
    } catch (error) {
      this.announce(messageOf(error));
    }
    if (this.target === icount) {
      this.target = undefined;
      this.invalidate();
    }
  }

  private renameBookmark(thing: Thing): void {
    if (thing.bookmark !== undefined) {
      void this.tried('renameBookmark', { id: thing.bookmark.id });
    }
  }

  private removeBookmark(thing: Thing): void {
    if (thing.bookmark !== undefined) {
      void this.tried('removeBookmark', { id: thing.bookmark.id });
    }
  }

  private request<Name extends RequestName>(name: Name, args: Requests[Name]['arguments']): Promise<unknown> {
    return this.host.request(name, args, this.session);
  }

  private async tried<Name extends RequestName>(name: Name, args: Requests[Name]['arguments']): Promise<boolean> {
    try {
      await this.request(name, args);
      return true;
    } catch (error) {
      this.announce(messageOf(error));
      return false;
    }
  }

  private announce(text: string): void {
    this.announcer.textContent = text;
  }

  private setView(range: Range, animate: boolean): void {
    const full = span(range) >= span(this.limits) - 0.5;
    const from = this.range;
    this.view = full ? undefined : range;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.animation = animate && !still ? { from, to: this.range, start: performance.now() } : undefined;
    this.look();
    this.save();
    this.invalidate();
  }

  private save(): void {
    const saved: Saved = {
      session: this.session,
      list: this.list.root.classList.contains('shown'),
      ...(this.view === undefined ? {} : { view: this.view }),
    };
    this.host.state = saved;
  }

  private look(): void {
    this.overview.classList.toggle('hidden', this.view === undefined || this.position === undefined);
    this.toolbar.setZoomed(this.view !== undefined, span(this.range) > 16);
    this.feed.look(this.limits, this.view, this.frame.axis);
    clearTimeout(this.listTimer);
    this.listTimer = setTimeout(() => {
      this.updateList();
    }, 200);
  }

  private updateList(): void {
    const { position, picture: known, range } = this;
    if (position === undefined || known === undefined) {
      return;
    }
    const end = known.things.firstFrom(range.to + 1);
    this.list.update(known.things.items.slice(known.things.firstFrom(range.from), end), position);
  }

  private relayout(): void {
    const { clientWidth, clientHeight } = this.scroller;
    this.frame = layout(this.picture, clientWidth, clientHeight);
    this.spacer.style.height = `${this.frame.content}px`;
    // The spacer may have brought, or taken away, a scrollbar.
    if (this.scroller.clientWidth !== clientWidth) {
      this.frame = layout(this.picture, this.scroller.clientWidth, clientHeight);
    }
    this.look();
    this.invalidate();
  }

  private invalidate(): void {
    if (!this.drawn) {
      this.drawn = true;
      requestAnimationFrame((now) => {
        this.drawn = false;
        this.draw(now);
      });
    }
  }

  private draw(now: number): void {
    const { position } = this;
    if (position === undefined || this.frame.width === 0) {
      return;
    }
    const range = this.animated(now);
    const known = this.feed.pictureFor(range);
    const scene: Scene = {
      layout: known === this.picture ? this.frame : layout(known, this.frame.width, this.frame.height),
      scale: new Scale(range, this.frame.axis, this.frame.left),
      scroll: this.scroller.scrollTop,
      theme: this.theme,
      picture: known,
      position,
      here: this.target ?? position.icount,
      hover:
        this.pointer === undefined ? undefined : (this.pointer.hit?.thing.icount ?? this.scale.icount(this.pointer.x)),
      cursor: this.keyboard,
      running: this.shownRunning,
    };
    const to = sized(this.canvas, this.frame.width, this.frame.height);
    if (to !== null) {
      paint(to, scene);
    }
    if (this.view !== undefined || this.animation !== undefined) {
      const small = sized(this.overview, this.frame.width, overviewHeight);
      if (small !== null) {
        const whole = layout(this.feed.overview, this.frame.width, this.frame.height);
        paintOverview(small, { ...scene, layout: whole, scale: this.overviewScale }, range, overviewHeight);
      }
    }
    this.showTip(position);
    this.describe(position);
    this.toolbar.update(position);
  }

  /** The range to draw in this frame, on the way to the one that was asked for. */
  private animated(now: number): Range {
    const { animation } = this;
    if (animation === undefined) {
      return this.range;
    }
    const part = Math.min(Math.max((now - animation.start) / 140, 0), 1);
    if (part >= 1) {
      this.animation = undefined;
      return this.range;
    }
    this.invalidate();
    const eased = 1 - (1 - part) ** 3;
    const between = (a: number, b: number): number => a + (b - a) * eased;
    return { from: between(animation.from.from, animation.to.from), to: between(animation.from.to, animation.to.to) };
  }

  private showTip(position: Position): void {
    const { pointer, scale, frame } = this;
    if (pointer !== undefined) {
      const icount = pointer.hit?.thing.icount ?? this.clamped(scale.icount(pointer.x));
      const note = pointer.hit === undefined ? this.ranAt(icount) : undefined;
      this.tip.show(
        { icount, thing: pointer.hit?.thing, note },
        position,
        pointer.x,
        pointer.y,
        frame.width,
        frame.height,
      );
    } else if (this.keyboard !== undefined) {
      const x = scale.x(this.keyboard);
      this.tip.show(
        { icount: this.keyboard, thing: this.thingAt(this.keyboard) },
        position,
        x,
        rulerHeight,
        frame.width,
        frame.height,
      );
    } else {
      this.tip.hide();
    }
  }

  private clamped(icount: number): number {
    return Math.min(Math.max(icount, this.limits.from), this.position?.frontier ?? this.limits.to);
  }

  private thingAt(icount: number): Thing | undefined {
    const things = this.picture?.things;
    const thing = things?.items[things.firstFrom(icount)];
    return thing?.icount === icount ? thing : undefined;
  }

  /** The thread that ran at a position, as far as the picture tells. */
  private ranAt(icount: number): string | undefined {
    const ran = this.picture?.lanes.filter((lane) => lane.stretches?.holding(icount) !== undefined) ?? [];
    return ran.length === 1 ? ran[0]?.label : ran.length > 1 ? thingsOf(ran.length, 'thread') : undefined;
  }

  /** What a screen reader says of the slider. */
  private describe(position: Position): void {
    const at = this.cursor;
    const thing = this.keyboard === undefined ? undefined : this.thingAt(at);
    const text =
      thing === undefined
        ? `${place(at, position)}${this.keyboard === undefined ? `, ${whereabouts(position)}` : ''}`
        : oneLine(sentence(thing, position), 300);
    for (const [name, value] of [
      ['aria-valuemin', String(position.start)],
      ['aria-valuemax', String(position.frontier)],
      ['aria-valuenow', String(at)],
      ['aria-valuetext', text],
      ['aria-disabled', String(this.shownRunning)],
    ] as const) {
      // Setting what is there already can make a screen reader say it again.
      if (this.canvas.getAttribute(name) !== value) {
        this.canvas.setAttribute(name, value);
      }
    }
  }
}

const startHint = "Start debugging to see the program's history.";

const keysHelp =
  'Left and right arrow: previous and next event. With Shift: a pixel. Enter: go there. Plus and minus: zoom. ' +
  'Page up and page down: pan. Home and end: ends of the history. 0: whole history. B: bookmark. Escape: back to the position.';

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The canvas's context, its pixels those of the screen, its unit a CSS pixel. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
