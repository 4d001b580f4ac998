/**
 * The events in view as a list, for those who don't look at the picture or would rather have it in words. One item
 * has the focus's place (roving tabindex): Tab comes to the list and leaves it, arrows go through it.
 */
import type { Position } from '../../protocol';
import { count, oneLine, things } from '../../webviews/format';
import { element } from '../../webviews/webview/dom';
import { kinds, place, sentence, title, type Glyph, type Thing } from '../model';
import { listed } from '../listed';

const marks: Readonly<Record<Glyph, string>> = {
  dot: '●',
  ring: '○',
  triangle: '▲',
  diamond: '◆',
  flag: '⚑',
  square: '□',
  stop: '■',
  open: '[',
  close: ']',
  tick: '|',
};

interface Handlers {
  seek(icount: number): void;
  rename(thing: Thing): void;
  remove(thing: Thing): void;
}

export class EventList {
  private readonly list = element('ul', { role: 'listbox', 'aria-label': 'Events in view' });
  private readonly note = element('div', { class: 'note hidden' });
  readonly root = element('section', { class: 'events', 'aria-label': 'Events' }, this.list, this.note);
  private shown: readonly Thing[] = [];
  /** The key of the item that Tab comes to. */
  private focused: string | undefined;

  constructor(private readonly handlers: Handlers) {
    this.list.addEventListener('click', (event) => {
      const thing = this.shown[this.indexOf(event.target)];
      if (thing !== undefined) {
        handlers.seek(thing.icount);
      }
    });
    this.list.addEventListener('keydown', (event) => {
      this.key(event);
    });
    this.list.addEventListener('focusin', (event) => {
      const i = this.indexOf(event.target);
      if (i >= 0) {
        this.rove(i);
      }
    });
  }

  /** Shows the things of a range. What has the focus keeps it, if it is still there. */
  update(all: readonly Thing[], position: Position): void {
    const { things: shown, left } = listed(all);
    const hadFocus = this.list.contains(document.activeElement);
    this.shown = shown;
    const last = shown.findLastIndex((thing) => thing.icount <= position.icount);
    let roving = shown.findIndex((thing) => key(thing) === this.focused);
    if (roving < 0) {
      roving = Math.max(last, 0);
    }
    this.list.replaceChildren(...shown.map((thing, i) => item(thing, position, i === last, i === roving)));
    if (hadFocus) {
      this.item(roving)?.focus({ preventScroll: true });
    }
    const notes = left.map(([kind, number]) => things(number, kinds[kind].one, kinds[kind].many));
    const nothing = shown.length === 0 && left.length === 0;
    this.note.textContent = nothing ? 'No events here.' : `Not listed: ${notes.join(', ')}. Zoom in to see them.`;
    this.note.classList.toggle('hidden', !nothing && left.length === 0);
  }

  private key(event: KeyboardEvent): void {
    const i = this.indexOf(event.target);
    const thing = this.shown[i];
    if (thing === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const actions: Readonly<Record<string, () => void>> = {
      ArrowDown: () => this.focus(i + 1),
      ArrowUp: () => this.focus(i - 1),
      PageDown: () => this.focus(i + 10),
      PageUp: () => this.focus(i - 10),
      Home: () => this.focus(0),
      End: () => this.focus(this.shown.length - 1),
      Enter: () => this.handlers.seek(thing.icount),
      ' ': () => this.handlers.seek(thing.icount),
      Delete: () => this.handlers.remove(thing),
      F2: () => this.handlers.rename(thing),
    };
    const action = actions[event.key];
    if (action !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      action();
    }
  }

  private focus(i: number): void {
    this.item(Math.min(Math.max(i, 0), this.shown.length - 1))?.focus();
  }

  private rove(i: number): void {
    const thing = this.shown[i];
    this.focused = thing === undefined ? undefined : key(thing);
    for (const [n, li] of [...this.list.children].entries()) {
      li.setAttribute('tabindex', n === i ? '0' : '-1');
      li.setAttribute('aria-selected', String(n === i));
    }
  }

  private item(i: number): HTMLElement | undefined {
    return this.list.children[i] as HTMLElement | undefined;
  }

  private indexOf(target: EventTarget | null): number {
    const li = target instanceof Element ? target.closest('li') : null;
    return li === null ? -1 : [...this.list.children].indexOf(li);
  }
}

/** Tells a thing from the others of its view, over answers. */
function key(thing: Thing): string {
  return `${thing.kind} ${thing.icount}`;
}

function item(thing: Thing, position: Position, current: boolean, roving: boolean): HTMLElement {
  const li = element(
    'li',
    {
      role: 'option',
      tabindex: roving ? '0' : '-1',
      'aria-selected': String(roving),
      'aria-label': oneLine(sentence(thing, position), 300),
      title: `${count(thing.icount)}: ${place(thing.icount, position)}`,
      ...(current ? { 'aria-current': 'true' } : {}),
    },
    element('span', { class: 'mark' }, marks[kinds[thing.kind].glyph]),
    element('span', { class: 'what' }, title(thing)),
    element('span', { class: 'text' }, oneLine(thing.text)),
    element('span', { class: 'at' }, count(thing.icount)),
  );
  li.style.setProperty('--ink', `var(--tl-${thing.error === true ? 'error' : kinds[thing.kind].ink})`);
  return li;
}
