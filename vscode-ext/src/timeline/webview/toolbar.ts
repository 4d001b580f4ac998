/** The row above the picture: where the program is, and the buttons. */
import { place, placeParts, whereabouts } from '../model';
import type { Position } from '../../protocol';
import { element, iconButton } from '../../webviews/webview/dom';
import type { App } from './app';
import { icons } from './icons';

export class Toolbar {
  private readonly buttons;
  private readonly at = element('span');
  private readonly of = element('span', { class: 'of' });
  private readonly share = element('span');
  private readonly numbers = element('span', { class: 'numbers' }, this.at, this.of, this.share);
  private readonly state = element('span', { class: 'state' });
  readonly root: HTMLElement;
  private running = false;

  constructor(app: App) {
    this.buttons = {
      start: iconButton(icons.start, 'Go to the start', () => {
        app.toStart();
      }),
      previous: iconButton(icons.previous, 'Previous event', () => void app.toEvent(-1)),
      next: iconButton(icons.next, 'Next event', () => void app.toEvent(1)),
      end: iconButton(icons.end, 'Go to the end', () => {
        app.toEnd();
      }),
      zoomOut: iconButton(icons.zoomOut, 'Zoom out (-)', () => {
        app.zoomBy(2, undefined, true);
      }),
      zoomIn: iconButton(icons.zoomIn, 'Zoom in (+)', () => {
        app.zoomBy(0.5, undefined, true);
      }),
      whole: iconButton(icons.whole, 'Show the whole history (0)', () => {
        app.zoomWhole();
      }),
      findHits: iconButton(icons.findHits, 'Find all hits of breakpoints in the history', () => void app.findHits()),
      bookmark: iconButton(icons.bookmark, 'Bookmark this position (B)', () => void app.addBookmark()),
      list: iconButton(icons.list, 'List the events in view', () => {
        app.toggleList();
      }),
    };
    const { start, previous, next, end, zoomOut, zoomIn, whole, findHits, bookmark, list } = this.buttons;
    const gap = (): HTMLElement => element('span', { class: 'gap' });
    this.root = element(
      'div',
      { class: 'head' },
      element(
        'div',
        { class: 'tools', role: 'toolbar', 'aria-label': 'Timeline' },
        ...[start, previous, next, end, gap(), zoomOut, zoomIn, whole, gap(), findHits, bookmark, list],
      ),
      element('div', { class: 'where' }, this.numbers, this.state),
    );
    rove(Object.values(this.buttons));
  }

  update(position: Position | undefined): void {
    if (position === undefined) {
      return;
    }
    const stopped = !this.running;
    const { start, previous, next, end, findHits, bookmark } = this.buttons;
    enable(start, stopped && position.icount > position.start);
    enable(previous, stopped && position.icount > position.start);
    enable(next, stopped && position.icount < position.frontier);
    enable(end, stopped && !position.live);
    enable(findHits, stopped);
    enable(bookmark, stopped);
    const [at, of, share] = placeParts(position.icount, position);
    write(this.at, at);
    write(this.of, of);
    write(this.share, share);
    this.numbers.title = `Instruction ${place(position.icount, position)}`;
    const state = this.running ? 'running' : position.live ? 'live' : 'past';
    this.state.dataset['state'] = state;
    write(
      this.state,
      this.running ? 'running' : position.ended === true && position.live ? 'ended' : whereabouts(position),
    );
  }

  /** Not as soon as the program runs (app.ts): buttons that go grey for each step would flicker. */
  setRunning(running: boolean): void {
    this.running = running;
  }

  setZoomed(zoomed: boolean, closer: boolean): void {
    enable(this.buttons.zoomOut, zoomed);
    enable(this.buttons.whole, zoomed);
    enable(this.buttons.zoomIn, closer);
  }

  setList(shown: boolean): void {
    this.buttons.list.setAttribute('aria-pressed', String(shown));
  }
}

/**
 * Buttons that can't be used stay focusable: the focus must not fall off a button because one has pressed it.
 */
function enable(button: HTMLButtonElement, on: boolean): void {
  const value = String(!on);
  if (button.getAttribute('aria-disabled') !== value) {
    button.setAttribute('aria-disabled', value);
  }
}

function write(to: HTMLElement, text: string): void {
  if (to.textContent !== text) {
    to.textContent = text;
  }
}

/** Makes a toolbar one stop of the Tab key, with arrows between its buttons. */
function rove(buttons: readonly HTMLButtonElement[]): void {
  buttons.forEach((button, i) => {
    button.tabIndex = i === 0 ? 0 : -1;
    button.addEventListener(
      'click',
      (event) => {
        if (button.getAttribute('aria-disabled') === 'true') {
          event.stopImmediatePropagation();
        }
      },
      { capture: true },
    );
    button.addEventListener('focus', () => {
      for (const other of buttons) {
        other.tabIndex = other === button ? 0 : -1;
      }
    });
    button.addEventListener('keydown', (event) => {
      const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        buttons[(to + buttons.length) % buttons.length]?.focus();
      }
    });
  });
}
