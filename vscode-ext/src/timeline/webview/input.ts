/**
 * Pointer, wheel and keys on the picture.
 *
 * A press that doesn't move is a click: on an event it goes exactly there, elsewhere to the position under the
 * pointer. One that moves scrubs; with Shift, or the middle button, it pans.
 */
import type { Hit } from '../hit';
import type { Layout } from '../layout';
import { span, type Range, type Scale } from '../scale';

/** What the input does to the view. */
interface Target {
  readonly limits: Range;
  readonly range: Range;
  readonly scale: Scale;
  readonly overviewScale: Scale;
  readonly size: Layout;
  readonly cursor: number;
  point(at: { readonly x: number; readonly y: number } | undefined): Hit | undefined;
  seek(icount: number): void;
  scrub(on: boolean): void;
  zoomBy(factor: number, at?: number, animate?: boolean): void;
  zoomWhole(): void;
  panBy(instructions: number): void;
  showRange(range: Range): void;
  moveCursor(to: number): void;
  dropCursor(): boolean;
  eventFromCursor(direction: 1 | -1): number;
  addBookmark(icount?: number): Promise<void>;
  toggleList(): void;
}

/** A press becomes a drag when the pointer has moved so far, in pixels. */
const dragFrom = 4;

type Press =
  | { readonly kind: 'press'; readonly x: number; readonly hit: Hit | undefined; readonly pan: boolean }
  | { readonly kind: 'scrub' }
  | { readonly kind: 'pan'; readonly grabbed: number };

export class Input {
  private press: Press | undefined;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    overview: HTMLCanvasElement,
    scroller: HTMLElement,
    private readonly target: Target,
  ) {
    canvas.addEventListener('pointerdown', (event) => {
      this.down(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      this.move(event);
    });
    canvas.addEventListener('pointerup', (event) => {
      this.up(event);
    });
    canvas.addEventListener('pointercancel', () => {
      this.release();
    });
    canvas.addEventListener('pointerleave', () => {
      target.point(undefined);
    });
    canvas.addEventListener('dblclick', () => {
      target.zoomWhole();
    });
    canvas.addEventListener('keydown', (event) => {
      this.key(event);
    });
    canvas.addEventListener('blur', () => {
      target.dropCursor();
    });
    scroller.addEventListener(
      'wheel',
      (event) => {
        this.wheel(event);
      },
      { passive: false },
    );
    this.overview(overview);
  }

  private down(event: PointerEvent): void {
    if (event.button > 1) {
      return;
    }
    const found = this.target.point({ x: event.offsetX, y: event.offsetY });
    this.canvas.setPointerCapture(event.pointerId);
    this.press = { kind: 'press', x: event.offsetX, hit: found, pan: event.shiftKey || event.button === 1 };
    if (event.button === 1) {
      // Else the browser scrolls by itself.
      event.preventDefault();
    }
  }

  private move(event: PointerEvent): void {
    const { target, press } = this;
    const x = event.offsetX;
    if (press?.kind === 'press' && Math.abs(x - press.x) >= dragFrom) {
      this.press = press.pan ? { kind: 'pan', grabbed: target.scale.at(press.x) } : { kind: 'scrub' };
      if (press.pan) {
        this.canvas.classList.add('panning');
      } else {
        target.scrub(true);
      }
    }
    switch (this.press?.kind) {
      case 'scrub':
        target.point(undefined);
        target.seek(target.scale.icount(x));
        break;
      case 'pan':
        target.panBy(this.press.grabbed - target.scale.at(x));
        break;
      default:
        target.point({ x, y: event.offsetY });
    }
  }

  private up(event: PointerEvent): void {
    const { press, target } = this;
    if (press?.kind === 'press') {
      // The second click of a double click changes the zoom, and goes nowhere.
      if (event.detail < 2) {
        target.seek(press.hit?.thing.icount ?? target.scale.icount(press.x));
      }
    } else if (press?.kind === 'scrub') {
      target.seek(target.scale.icount(event.offsetX));
    }
    this.release();
  }

  private release(): void {
    if (this.press?.kind === 'scrub') {
      this.target.scrub(false);
    }
    this.press = undefined;
    this.canvas.classList.remove('panning');
  }

  private wheel(event: WheelEvent): void {
    const { target } = this;
    const overNames = target.size.wide && event.offsetX < target.size.left - 12;
    if (event.altKey || overNames) {
      // Lanes are scrolled: the browser does.
      return;
    }
    event.preventDefault();
    const pixels =
      event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 200 : 1;
    const [dx, dy] = [event.deltaX * pixels, event.deltaY * pixels];
    if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) {
      target.panBy(target.scale.instructions(dx !== 0 ? dx : dy));
    } else {
      // A notch of a wheel is about 100 pixels, and a quarter closer.
      target.zoomBy(Math.exp(Math.max(-240, Math.min(240, dy)) * 0.0025), target.scale.at(event.offsetX));
    }
    target.point({ x: event.offsetX, y: event.offsetY });
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const { target } = this;
    const pixel = Math.max(target.scale.instructions(1), 1);
    const arrow = (direction: 1 | -1): void => {
      target.moveCursor(event.shiftKey ? target.cursor + direction * pixel : target.eventFromCursor(direction));
    };
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => arrow(-1),
      ArrowDown: () => arrow(-1),
      ArrowRight: () => arrow(1),
      ArrowUp: () => arrow(1),
      PageUp: () => target.panBy(-span(target.range) * 0.8),
      PageDown: () => target.panBy(span(target.range) * 0.8),
      Home: () => target.moveCursor(target.limits.from),
      End: () => target.moveCursor(target.limits.to),
      Enter: () => target.seek(target.cursor),
      ' ': () => target.seek(target.cursor),
      '+': () => target.zoomBy(0.5, target.cursor, true),
      '=': () => target.zoomBy(0.5, target.cursor, true),
      '-': () => target.zoomBy(2, target.cursor, true),
      _: () => target.zoomBy(2, target.cursor, true),
      '0': () => target.zoomWhole(),
      b: () => void target.addBookmark(target.cursor),
      B: () => void target.addBookmark(target.cursor),
      l: () => target.toggleList(),
    };
    const action = actions[event.key];
    if (action !== undefined) {
      event.preventDefault();
      action();
    } else if (event.key === 'Escape' && target.dropCursor()) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  /** The overview: a press centres the view there, or takes hold of it, and dragging pans. */
  private overview(canvas: HTMLCanvasElement): void {
    const { target } = this;
    let grabbed: number | undefined;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) {
        return;
      }
      canvas.setPointerCapture(event.pointerId);
      const at = target.overviewScale.at(event.offsetX);
      const { from, to } = target.range;
      if (at < from || at > to) {
        target.panBy(at - (from + to) / 2);
      }
      grabbed = at - target.range.from;
    });
    canvas.addEventListener('pointermove', (event) => {
      if (grabbed !== undefined) {
        const from = target.overviewScale.at(event.offsetX) - grabbed;
        target.showRange({ from, to: from + span(target.range) });
      }
    });
    const release = (): void => {
      grabbed = undefined;
    };
    canvas.addEventListener('pointerup', release);
    canvas.addEventListener('pointercancel', release);
    canvas.addEventListener('dblclick', () => {
      target.zoomWhole();
    });
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const dx = event.deltaX !== 0 ? event.deltaX : event.deltaY;
        target.panBy(target.overviewScale.instructions(dx / 4));
      },
      { passive: false },
    );
  }
}
