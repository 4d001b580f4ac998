/**
 * The table of writes. Only the rows in view are there, however many there are; the grid keeps the focus and names
 * its active row (aria-activedescendant), so scrolling never takes the focus away.
 */
import type { Position, Source } from '../../protocol';
import { count, oneLine } from '../../webviews/format';
import { element, iconButton } from '../../webviews/webview/dom';
import { here, place, rowText, visible, type Here, type Row } from '../model';

/** As the style sheet has it. */
const rowHeight = 22;

interface Handlers {
  seek(icount: number): void;
  open(source: Source, line: number): void;
  copy(row: Row): void;
}

const go = { stroke: 'M3 8 H12 M8.5 4.5 L12 8 L8.5 11.5' };

export class Table {
  private readonly all = element('div', { class: 'all', role: 'presentation' });
  private readonly rows = element(
    'div',
    { class: 'rows', role: 'rowgroup', tabindex: '0', 'aria-label': 'Writes' },
    this.all,
  );
  readonly root = element(
    'div',
    { class: 'vh-table', role: 'grid', 'aria-label': 'Writes', 'aria-readonly': 'true' },
    heading(),
    this.rows,
  );
  private data: readonly Row[] = [];
  private position: Position | undefined;
  private current: Here | undefined;
  private active = -1;
  private drawn = { first: -1, end: -1 };

  constructor(private readonly handlers: Handlers) {
    this.rows.addEventListener('scroll', () => {
      this.draw(false);
    });
    new ResizeObserver(() => {
      this.draw(false);
    }).observe(this.rows);
    this.rows.addEventListener('keydown', (event) => {
      this.key(event);
    });
    this.rows.addEventListener('focus', () => {
      // By the keyboard. A press of the mouse gives the focus, too, but chooses its row itself.
      if (this.active < 0 && this.rows.matches(':focus-visible')) {
        this.activate(this.current?.index ?? 0);
      }
    });
  }

  get scroll(): number {
    return this.rows.scrollTop;
  }

  set scroll(to: number) {
    this.rows.scrollTop = to;
  }

  /** Shows other rows. What is active stays so. */
  show(data: readonly Row[]): void {
    const active = this.data[this.active]?.icount;
    this.data = data;
    this.active = active === undefined ? -1 : data.findIndex((row) => row.icount === active);
    this.root.setAttribute('aria-rowcount', String(data.length + 1));
    this.all.style.height = `${data.length * rowHeight}px`;
    this.mark();
    this.draw(true);
  }

  /** The program is somewhere else. The row that belongs to it comes into view. */
  moveTo(position: Position | undefined): void {
    const moved = position?.icount !== this.position?.icount;
    this.position = position;
    this.mark();
    this.draw(true);
    if (moved && this.current !== undefined) {
      this.reveal(this.current.index, true);
    }
  }

  private mark(): void {
    this.current = this.position === undefined ? undefined : here(this.data, this.position.icount);
  }

  private draw(anew: boolean): void {
    const { first, end } = visible(this.rows.scrollTop, this.rows.clientHeight, rowHeight, this.data.length);
    if (!anew && first === this.drawn.first && end === this.drawn.end) {
      return;
    }
    this.drawn = { first, end };
    this.all.replaceChildren(...this.data.slice(first, end).map((row, i) => this.row(row, first + i)));
  }

  private row(row: Row, index: number): HTMLElement {
    const { write } = row;
    const here = this.current?.index === index ? this.current : undefined;
    const made = element(
      'div',
      {
        class: 'row columns',
        id: `row-${index}`,
        role: 'row',
        'aria-rowindex': String(index + 2),
        'aria-label': rowText(row, this.position),
        ...(here === undefined ? {} : { 'aria-current': 'true' }),
        'aria-selected': String(index === this.active),
      },
      cell('here', here === undefined ? '' : here.before ? '▶' : '▷'),
      cell('at', count(row.icount)),
      cell('place', write === undefined ? 'initially' : this.place(row)),
      cell('thread', write === undefined ? '' : String(write.thread)),
      values(row),
      element(
        'span',
        { role: 'gridcell' },
        iconButton(go, write === undefined ? 'Go to the beginning' : 'Go to this write', () => {
          this.handlers.seek(row.icount);
        }),
      ),
    );
    if (here !== undefined) {
      made.title = here.before ? 'The program is right before this write.' : 'This value holds where the program is.';
    }
    made.classList.toggle('current', here !== undefined);
    made.classList.toggle('active', index === this.active);
    const button = made.querySelector('button');
    button?.classList.add('go');
    // Enter on the row does the same: the grid is one stop of the Tab key.
    button?.setAttribute('tabindex', '-1');
    made.style.top = `${index * rowHeight}px`;
    made.addEventListener('click', (event) => {
      if (!(event.target instanceof Element && event.target.closest('a, button') !== null)) {
        this.activate(index);
        this.handlers.seek(row.icount);
      }
    });
    return made;
  }

  private place(row: Row): Node | string {
    const { write } = row;
    if (write === undefined) {
      return '';
    }
    const text = oneLine(place(write));
    const { source, line } = write;
    if (source === undefined || line === undefined) {
      return text;
    }
    const link = element('a', { title: `${source.path ?? text}:${line}`, role: 'link' }, text);
    link.addEventListener('click', () => {
      this.handlers.open(source, line);
    });
    return link;
  }

  private key(event: KeyboardEvent): void {
    const row = this.data[this.active];
    if ((event.ctrlKey || event.metaKey) && event.key === 'c' && row !== undefined) {
      event.preventDefault();
      this.handlers.copy(row);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(1, Math.floor(this.rows.clientHeight / rowHeight) - 1);
    const actions: Readonly<Record<string, () => void>> = {
      ArrowDown: () => this.activate(this.active + 1),
      ArrowUp: () => this.activate(this.active - 1),
      PageDown: () => this.activate(this.active + page),
      PageUp: () => this.activate(this.active - page),
      Home: () => this.activate(0),
      End: () => this.activate(this.data.length - 1),
      Enter: () => {
        if (row !== undefined) this.handlers.seek(row.icount);
      },
      o: () => {
        const { source, line } = row?.write ?? {};
        if (source !== undefined && line !== undefined) this.handlers.open(source, line);
      },
    };
    const action = actions[event.key];
    if (action !== undefined) {
      event.preventDefault();
      action();
    }
  }

  private activate(index: number): void {
    if (this.data.length === 0) {
      return;
    }
    this.active = Math.min(Math.max(index, 0), this.data.length - 1);
    this.reveal(this.active);
    this.draw(false);
    // In place: a row that is replaced between a press and its release gets no click.
    [...this.all.children].forEach((row, i) => {
      const active = this.drawn.first + i === this.active;
      row.classList.toggle('active', active);
      row.setAttribute('aria-selected', String(active));
    });
    this.rows.setAttribute('aria-activedescendant', `row-${this.active}`);
  }

  /** Scrolls a row into view, no further than needed; or, when it is out of view, to the middle. */
  private reveal(index: number, middle = false): void {
    const top = index * rowHeight;
    const { scrollTop, clientHeight } = this.rows;
    const out = top < scrollTop || top + rowHeight > scrollTop + clientHeight;
    if (out && middle) {
      this.rows.scrollTop = top - (clientHeight - rowHeight) / 2;
    } else if (top < scrollTop) {
      this.rows.scrollTop = top;
    } else if (top + rowHeight > scrollTop + clientHeight) {
      this.rows.scrollTop = top + rowHeight - clientHeight;
    }
  }
}

function cell(name: string, content: Node | string): HTMLElement {
  return element('span', { class: name, role: 'gridcell' }, content);
}

function values(row: Row): HTMLElement {
  const value = element('span', { class: 'new', title: oneLine(row.value, 500) }, oneLine(row.value, 200));
  if (row.write === undefined) {
    return element('span', { class: 'values', role: 'gridcell' }, value);
  }
  return element(
    'span',
    { class: 'values', role: 'gridcell' },
    element('span', { class: 'old', title: oneLine(row.old, 500) }, oneLine(row.old, 200)),
    element('span', { class: 'arrow', 'aria-hidden': 'true' }, '→'),
    value,
  );
}

function heading(): HTMLElement {
  const column = (name: string, text: string): HTMLElement =>
    element('span', { class: name, role: 'columnheader' }, text);
  return element(
    'div',
    { class: 'heading columns', role: 'row', 'aria-rowindex': '1' },
    column('here', ''),
    column('at', 'Position'),
    column('place', 'Place'),
    column('thread', 'Thread'),
    column('values', 'Value'),
    column('go', ''),
  );
}
