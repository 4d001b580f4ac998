/** How the views write numbers. English, as all texts of the extension and the adapter are. */
import { count, percent } from '../format';

export { count };

/** A number of things: `1 write`, `2 writes`, `1,000 processes`. */
export function things(n: number, one: string, many = one + 's'): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Where a position is in `[start, end]`, in percent: only the ends themselves are `0 %` and `100 %`. */
export function share(position: number, start: number, end: number): string {
  return percent(position - start, end - start);
}

const units: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/**
 * The label of a tick on an axis whose ticks are `step` apart, as short as it can be and still tell it from its
 * neighbours: `1.5 M` with a step of 500,000, `1,500,020` with one of 20.
 */
export function tick(n: number, step: number): string {
  if (n === 0) {
    return '0';
  }
  for (const [size, letter] of units) {
    if (step >= size / 100 && n >= size && n < size * 1000) {
      const digits = Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9));
      return `${(n / size).toFixed(digits)} ${letter}`;
    }
  }
  return count(n);
}

/** A number of bytes for a person: `17 bytes`, `4.0 KiB`, `2.5 MiB`. */
export function bytes(n: number): string {
  if (n < 1024) {
    return things(n, 'byte');
  }
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / (1024 * 1024)).toFixed(1)} MiB`;
}

/** One line of at most `length` characters: control characters become visible, what is cut off is marked. */
export function oneLine(text: string, length = 120): string {
  // A text can be a megabyte of output; only its beginning is looked at.
  const head = text
    .slice(0, length * 2)
    .trimEnd()
    .replace(/\r?\n/g, '⏎')
    .replace(/\t/g, ' ')
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�');
  return head.length > length || text.length > length * 2 ? head.slice(0, length - 1) + '…' : head;
}
