/** The hover: what is pointed at, its position, its share of the history, its text. */
import { count, oneLine, share } from '../../webviews/format';
import { element } from '../../webviews/webview/dom';
import type { Position } from '../../protocol';
import { detail, title, type Thing } from '../model';

export interface TipContent {
  readonly icount: number;
  readonly thing?: Thing | undefined;
  /** What there is to say of an empty place, such as the thread that ran there. */
  readonly note?: string | undefined;
}

export class Tip {
  readonly root = element('div', { class: 'tip hidden', role: 'tooltip', id: 'tip' });

  hide(): void {
    this.root.classList.add('hidden');
  }

  /** Shows it beside a point of its parent, on whichever side has room. */
  show(content: TipContent, position: Position, x: number, y: number, width: number, height: number): void {
    this.root.replaceChildren(...lines(content, position));
    this.root.classList.remove('hidden');
    const own = this.root.getBoundingClientRect();
    const left = Math.min(Math.max(x + 12, 2), Math.max(width - own.width - 2, 2));
    // Below the pointer, else above it: never under it, where it would hide what it tells of.
    const below = y + 18;
    const top = below + own.height <= height ? below : Math.max(y - own.height - 10, -24);
    this.root.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}

function lines(content: TipContent, position: Position): Node[] {
  const { thing } = content;
  const at = `${count(content.icount)} (${share(content.icount, position.start, position.frontier)})`;
  if (thing === undefined) {
    const made: Node[] = [element('div', { class: 'at' }, at)];
    if (content.note !== undefined) {
      made.push(element('div', {}, content.note));
    }
    return made;
  }
  const more = detail(thing);
  const made: Node[] = [element('div', { class: 'title' }, title(thing))];
  if (thing.text !== '') {
    made.push(element('div', { class: 'text' }, oneLine(thing.text, 160)));
  }
  made.push(element('div', { class: 'at' }, more === '' ? at : `${at}, ${more}`));
  return made;
}
