/** The value history as a table and as a plot: what is in rows, what is in view, what is copied. Pure. */
import type { Occurrence, Position, ValueHistory } from '../protocol';
import { count, oneLine, things } from '../webviews/format';

/** A row: the value at the beginning, or a write. */
export interface Row {
  readonly icount: number;
  /** Undefined for the value at the beginning. */
  readonly write: Occurrence | undefined;
  readonly old: string;
  readonly value: string;
}

const unknown = '?';

export function rows(history: ValueHistory): Row[] {
  const writes = history.occurrences.map((write): Row => ({
    icount: write.icount,
    write,
    old: write.old?.text ?? unknown,
    value: write.new?.text ?? unknown,
  }));
  // Where writes are missing at the beginning, the value there says nothing of the first one listed.
  if (history.initial === undefined || !history.complete) {
    return writes;
  }
  return [{ icount: history.from, write: undefined, old: '', value: history.initial.text }, ...writes];
}

/** Which row a position belongs to. */
export interface Here {
  readonly index: number;
  /** The program is right before this write; else the value that it wrote is the one there. */
  readonly before: boolean;
}

/** A write's position is the one before it: there, the old value still holds. */
export function here(all: readonly Row[], icount: number): Here | undefined {
  const next = firstFrom(all, icount);
  if (all[next]?.icount === icount && all[next].write !== undefined) {
    return { index: next, before: true };
  }
  return next > 0 || all[0]?.icount === icount ? { index: Math.max(next - 1, 0), before: false } : undefined;
}

/** The index of the first row at or after a position. */
export function firstFrom(all: readonly Row[], icount: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((all[middle]?.icount ?? 0) < icount) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** The rows `[first, end)` that a scrolled table shows, and some beside them. */
export function visible(scroll: number, height: number, row: number, total: number): { first: number; end: number } {
  const beside = 8;
  const first = Math.max(0, Math.floor(scroll / row) - beside);
  return { first: Math.min(first, total), end: Math.min(total, Math.ceil((scroll + height) / row) + beside) };
}

/** How many writes there are, and how far that can be relied on. */
export function summary(history: ValueHistory): string {
  const number = history.occurrences.length;
  if (!history.complete) {
    return `The newest ${things(number, 'write')} of more`;
  }
  return number === 0 ? 'Never written' : things(number, 'write');
}

/** From where to where the history goes. */
export function reach(history: ValueHistory): string {
  return `positions ${count(history.from)} to ${count(history.to)}`;
}

/** What a screen reader says of a row. */
export function rowText(row: Row, position: Position | undefined): string {
  const at = position?.icount === row.icount ? 'the current position' : `position ${count(row.icount)}`;
  return row.write === undefined
    ? `Initially ${row.value}, at ${at}`
    : `${row.old} becomes ${row.value}, ${oneLine(place(row.write))}, thread ${row.write.thread}, at ${at}`;
}

/** Where a write was made: `transfer, ledger.c:21`. */
export function place(write: Occurrence): string {
  const { function: name, source, line } = write;
  const file = source?.name ?? source?.path?.replace(/^.*[/\\]/, '');
  const at = file === undefined ? undefined : line === undefined ? file : `${file}:${line}`;
  const parts = [name, at].filter((part): part is string => part !== undefined && part !== '');
  return parts.length > 0 ? parts.join(', ') : write.text;
}

const columns = ['position', 'thread', 'function', 'file', 'line', 'old', 'new'] as const;

function fields(row: Row): string[] {
  const { write } = row;
  return [
    String(row.icount),
    write === undefined ? '' : String(write.thread),
    write?.function ?? '',
    write?.source?.path ?? write?.source?.name ?? '',
    write?.line === undefined ? '' : String(write.line),
    row.old,
    row.value,
  ];
}

/** The table as RFC 4180 has it. */
export function csv(all: readonly Row[]): string {
  const lines = [columns, ...all.map(fields)].map((line) => line.map(csvField).join(','));
  return lines.join('\r\n') + '\r\n';
}

/**
 * Spreadsheets execute what begins as a formula, and values are the program's to choose: what isn't a number and looks
 * like a formula gets an apostrophe, as is usual.
 */
function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+(?:e[+-]?\d+)?$/i.test(text) ? `'${text}` : text;
}

function csvField(text: string): string {
  const safe = harmless(text);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The table for the clipboard: tabs between fields, which spreadsheets and editors both take. */
export function copied(all: readonly Row[]): string {
  return (
    [columns, ...all.map(fields)].map((line) => line.map((field) => harmless(oneLine(field, 1000))).join('\t')).join('\n') + '\n'
  );
}

/** A value and from where on it holds. */
export interface Step {
  readonly icount: number;
  readonly value: number;
}

/** The values as numbers, or undefined when some are none: pointers, structures, text. */
export function steps(history: ValueHistory): Step[] | undefined {
  const made: Step[] = [];
  const first = history.complete ? history.initial : history.occurrences[0]?.old;
  if (first?.number !== undefined) {
    made.push({
      icount: history.complete ? history.from : (history.occurrences[0]?.icount ?? history.from),
      value: first.number,
    });
  }
  for (const { icount, new: value } of history.occurrences) {
    if (value?.number === undefined || !Number.isFinite(value.number)) {
      return undefined;
    }
    made.push({ icount, value: value.number });
  }
  return made.length > 1 ? made : undefined;
}

/** What a column of pixels of the plot has: the least and the greatest value, the first and the last. */
export interface Column {
  readonly x: number;
  readonly low: number;
  readonly high: number;
  readonly enter: number;
  readonly leave: number;
}

/** The steps of a plot `width` pixels wide over `[from, to]`, one for each pixel that has any. */
export function plot(all: readonly Step[], from: number, to: number, width: number): Column[] {
  const made: Column[] = [];
  const scale = width / Math.max(to - from, 1);
  for (const { icount, value } of all) {
    const x = Math.floor((icount - from) * scale);
    const last = made.at(-1);
    if (last?.x === x) {
      made[made.length - 1] = {
        x,
        low: Math.min(last.low, value),
        high: Math.max(last.high, value),
        enter: last.enter,
        leave: value,
      };
    } else {
      const before = last?.leave ?? value;
      made.push({ x, low: Math.min(value, before), high: Math.max(value, before), enter: before, leave: value });
    }
  }
  return made;
}
