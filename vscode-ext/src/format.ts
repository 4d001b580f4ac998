/** How positions and shares of history are written. Pure. */

import type { Position } from './protocol';

/** A count with its digits grouped: `12,345`. */
export function count(n: number): string {
  if (!Number.isFinite(n)) return '?';
  const digits = Math.abs(Math.trunc(n)).toFixed(0);
  return (n < 0 ? '-' : '') + digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * A share in percent with one decimal, `12.3 %`. What is not all of it is never 100 %,
 * and what is not nothing never 0 %.
 */
export function percent(part: number, whole: number): string {
  if (!(whole > 0)) return '100 %';
  const p = (part / whole) * 100;
  if (p <= 0) return '0 %';
  if (p >= 100) return '100 %';
  return `${Math.min(99.9, Math.max(0.1, p)).toFixed(1)} %`;
}

/** The share of history that lies before a position. */
export function passed(p: Position): string {
  return percent(p.icount - p.start, p.frontier - p.start);
}

/** The share of history that lies after a position. */
export function ahead(p: Position): string {
  return percent(p.frontier - p.icount, p.frontier - p.start);
}

/** What the status bar says of a position. */
export function statusText(p: Position): string {
  if (p.live) return p.ended ? `$(history) ${count(p.icount)} · ended` : `$(history) ${count(p.icount)} · live`;
  return `$(history) ${count(p.icount)} of ${count(p.frontier)} (${passed(p)})`;
}

/** What the status bar tells when one points at it. */
export function statusTooltip(p: Position, recording: boolean): string {
  const lines = [`**Position ${count(p.icount)}** of ${count(p.frontier)} instructions executed.`];
  if (p.live) {
    lines.push(p.ended ? 'The program has ended here. Its whole history can be walked back.' : recording ? 'This is the end of the recording.' : '**Live**: going on executes the program.');
  } else {
    lines.push(`**In the past**: ${ahead(p)} of the history lies ahead. Going on replays it; nothing is executed anew, read or written outside.`);
  }
  if (p.start > 0) lines.push(`The history begins at ${count(p.start)}.`);
  lines.push('Click to go to a position.');
  return lines.join('\n\n');
}

/** What stands beside the current line in the past. */
export function pastText(p: Position): string {
  return `in the past — ${ahead(p)} of the history lies ahead`;
}

/**
 * Checks a position as a person writes it: `12345`, `12,345`, `+1000`, `-1000`, `50%`,
 * `start`, `end`, or `@bookmark`. Returns it as the debugger takes it, or what is
 * wrong with it.
 */
export function parsePosition(text: string): { to: string } | { wrong: string } {
  const t = text.trim();
  if (/^(?:start|end)$/i.test(t)) return { to: t.toLowerCase() };
  if (/^@\S/.test(t)) return { to: t };
  const bare = t.replaceAll(/[\s,_']/g, '');
  const share = /^(\d+(?:\.\d+)?)%$/.exec(bare)?.[1];
  if (share !== undefined) return Number(share) <= 100 ? { to: bare } : { wrong: 'The history ends at 100 %.' };
  if (/^[+-]?\d{1,18}$/.test(bare)) return { to: bare };
  return { wrong: 'Write a number of instructions, +N, -N, a percentage, start, end, or @bookmark.' };
}

/** A text as a list's label, in which `$(name)` would be a picture: as it is, in one line that is not too long. */
export function label(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  const short = line.length > 300 ? `${line.slice(0, 299)}…` : line;
  return short.replaceAll(/\$\([a-z0-9~-]+\)/gi, '\\$&');
}

/**
 * A text as a message, in which `[text](command:…)` would be a link that runs a command of the editor when it is
 * clicked. Names of files and programs are others' to choose: links are taken apart, by a character without width.
 */
export function message(text: string): string {
  return text.replaceAll('](', ']\u200b(');
}
