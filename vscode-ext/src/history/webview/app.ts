/** The value history's page: its parts, and what it does. */
import type { Position, Source, ValueHistory } from '../../protocol';
import { element, iconButton } from '../../webviews/webview/dom';
import { Host } from '../../webviews/webview/host';
import { onThemeChange } from '../../webviews/webview/theme';
import type { RequestName, Requests, ToPage } from '../messages';
import { copied, csv, reach, rows, steps, summary, type Row } from '../model';
import { Sparkline } from './sparkline';
import { Table } from './table';

/** What outlives the page (panel.ts tells why it is made anew). */
interface Saved {
  readonly scroll?: number;
}

const icons = {
  copy: { stroke: 'M5.5 5.5 H13 V13.5 H5.5 Z M10.5 5.5 V2.5 H3 V10.5 H5.5' },
  save: { stroke: 'M8 2.5 V10 M5 7.2 L8 10.2 L11 7.2 M3 12.5 V13.5 H13 V12.5' },
};

export class App {
  private readonly host = new Host((message) => {
    this.receive(message as ToPage);
  });
  private readonly name = element('h1', { class: 'name' });
  private readonly about = element('span', { class: 'about' });
  private readonly noteText = element('span');
  private readonly moreButton = element('button', { type: 'button', class: 'text' }, 'Show more');
  private readonly note = element('div', { class: 'note hidden' }, this.noteText, this.moreButton);
  private readonly announcer = element('div', { class: 'sr', role: 'status', 'aria-live': 'polite' });
  private readonly sparkline = new Sparkline((icount) => {
    this.seek(icount);
  });
  private readonly table = new Table({
    seek: (icount) => {
      this.seek(icount);
    },
    open: (source, line) => {
      this.open(source, line);
    },
    copy: (row) => void this.tried('copy', { text: copied([row]) }, 'Copied.'),
  });
  private rows: Row[] = [];
  private shown: ValueHistory | undefined;
  private activity: Extract<ToPage, { type: 'state' }>['activity'] = 'running';

  constructor(body: HTMLElement) {
    body.append(
      element(
        'main',
        { class: 'vh' },
        element(
          'header',
          { class: 'head' },
          this.name,
          this.about,
          iconButton(
            icons.copy,
            'Copy the table',
            () => void this.tried('copy', { text: copied(this.rows) }, 'Copied.'),
          ),
          iconButton(icons.save, 'Save as CSV', () => void this.tried('save', { text: csv(this.rows) }, '')),
        ),
        this.note,
        this.sparkline.root,
        this.table.root,
        this.announcer,
      ),
    );
    this.moreButton.addEventListener('click', () => {
      this.announce('Looking for more writes.');
      void this.tried('more', {}, '');
    });
  }

  start(): void {
    onThemeChange(() => {
      this.sparkline.invalidate();
    });
    // Scroll events don't bubble; the table's is the only one.
    this.table.root.addEventListener(
      'scroll',
      () => {
        this.host.state = { scroll: this.table.scroll } satisfies Saved;
      },
      { capture: true },
    );
    this.host.send({ type: 'ready' });
  }

  private receive(message: ToPage): void {
    if (message.type === 'history') {
      this.show(message);
    } else if (message.type === 'state') {
      this.moveTo(message.activity, message.position);
    }
  }

  private show({ history, more, note }: Extract<ToPage, { type: 'history' }>): void {
    const first = this.shown === undefined;
    const grown = this.shown !== undefined && history.occurrences.length !== this.shown.occurrences.length;
    this.shown = history;
    this.rows = rows(history);
    this.name.textContent = history.name;
    const type = history.type === undefined || history.type === '' ? '' : `${history.type}, `;
    this.about.textContent = `${type}${history.size} bytes at ${history.address} · ${summary(history)} · ${reach(history)}`;
    this.about.title = this.about.textContent;
    const notes = [
      ...(history.complete ? [] : [`${summary(history)}: older ones are not listed.`]),
      ...(note === '' ? [] : [note]),
    ];
    this.noteText.textContent = notes.join(' ');
    this.note.classList.toggle('hidden', notes.length === 0);
    this.moreButton.classList.toggle('hidden', history.complete || !more);
    this.sparkline.show(steps(history), history.from, history.to);
    const saved = (this.host.state ?? {}) as Saved;
    this.table.show(this.rows);
    if (first && saved.scroll !== undefined) {
      this.table.scroll = saved.scroll;
    }
    if (first || grown) {
      this.announce(summary(history));
    }
  }

  private moveTo(activity: typeof this.activity, position: Position | undefined): void {
    this.activity = activity;
    if (activity === 'running') {
      // The last position stays marked: most runs are steps, and are over at once.
      return;
    }
    this.table.moveTo(activity === 'ended' ? undefined : position);
    this.sparkline.moveTo(activity === 'ended' ? undefined : position);
  }

  private seek(icount: number): void {
    if (this.activity !== 'stopped') {
      this.announce(this.activity === 'ended' ? 'The debug session is over.' : 'The program is running.');
      return;
    }
    void this.tried('seek', { icount }, '');
  }

  private open(source: Source, line: number): void {
    void this.tried('open', { source, line }, '');
  }

  private async tried<Name extends RequestName>(name: Name, args: Requests[Name], done: string): Promise<void> {
    try {
      await this.host.request(name, args);
      if (done !== '') {
        this.announce(done);
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.announce(text);
      this.noteText.textContent = text;
      this.note.classList.remove('hidden');
    }
  }

  private announce(text: string): void {
    this.announcer.textContent = text;
  }
}
