/**
 * Things along history, in order, looked up by what can be told apart on the screen.
 *
 * The adapter merges what falls into one bucket, but the views must not rely on it: however many there are, what is
 * done in a frame depends on the pixels. A bin's beginning is found by binary search, so 10⁵ things cost as 10³ do.
 */
import type { Scale } from './scale';

/** Several neighbouring things that are drawn as one. */
export interface Bin {
  /** The indexes of the things: `[first, end)`. */
  readonly first: number;
  readonly end: number;
  /** The position of the first. */
  readonly icount: number;
  /** The sum of their weights. */
  readonly weight: number;
}

export class Series<T> {
  private readonly at: Float64Array;
  /** `sums[i]` is the weight of all things before the one at `i`. */
  private readonly sums: Float64Array;
  readonly items: readonly T[];

  /** The things in any order. */
  constructor(items: readonly T[], at: (item: T) => number, weight: (item: T) => number = () => 1) {
    const ordered = isSorted(items, at) ? items : [...items].sort((a, b) => at(a) - at(b));
    this.items = ordered;
    this.at = new Float64Array(ordered.length);
    this.sums = new Float64Array(ordered.length + 1);
    let sum = 0;
    ordered.forEach((item, i) => {
      this.at[i] = at(item);
      sum += weight(item);
      this.sums[i + 1] = sum;
    });
  }

  get length(): number {
    return this.items.length;
  }

  /** The index of the first thing at or after a position; the length if there is none. */
  firstFrom(icount: number, low = 0): number {
    let high = this.at.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at[middle] ?? 0) < icount) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * The things that are in view, in bins at most `pixels` wide. The bins lie at multiples of their width, which is a
   * power of two: they stay the same ones while the view is panned, and nothing flickers.
   */
  bins(scale: Scale, pixels: number): Bin[] {
    const made: Bin[] = [];
    const width = 2 ** Math.floor(Math.log2(Math.max(scale.instructions(pixels), 2 ** -10)));
    // A bin that begins left of the view is shown, too: it would change with the view otherwise.
    let first = this.firstFrom(Math.floor(scale.range.from / width) * width);
    while (first < this.at.length) {
      const icount = this.at[first] ?? 0;
      if (icount > scale.range.to) {
        break;
      }
      const end = this.end(first, (Math.floor(icount / width) + 1) * width);
      made.push({ first, end, icount, weight: (this.sums[end] ?? 0) - (this.sums[first] ?? 0) });
      first = end;
    }
    return made;
  }

  /** The first index after `first` at or after a position. Steps out before it halves: most bins are short. */
  private end(first: number, icount: number): number {
    let step = 1;
    let low = first + 1;
    while (low + step <= this.at.length && (this.at[low + step - 1] ?? 0) < icount) {
      low += step;
      step *= 2;
    }
    return this.firstFrom(icount, Math.min(low, this.at.length));
  }
}

function isSorted<T>(items: readonly T[], at: (item: T) => number): boolean {
  let last = -Infinity;
  return items.every((item) => {
    const ordered = at(item) >= last;
    last = at(item);
    return ordered;
  });
}

/** Stretches `[from, to]` in order that don't overlap; the ones in view, joined where no gap could be seen. */
export class Stretches {
  private readonly from: Float64Array;
  private readonly to: Float64Array;

  constructor(stretches: readonly (readonly [number, number])[]) {
    const ordered = isSorted(stretches, (s) => s[0]) ? stretches : [...stretches].sort((a, b) => a[0] - b[0]);
    this.from = Float64Array.from(ordered, (s) => s[0]);
    this.to = Float64Array.from(ordered, (s) => s[1]);
  }

  /** Pairs of pixels, at least one apart each, one after the other: left, right, left, right, … */
  pixels(scale: Scale): number[] {
    const made: number[] = [];
    const right = scale.left + scale.width;
    let i = this.firstTo(scale.range.from);
    while (i < this.from.length && (this.from[i] ?? 0) <= scale.range.to) {
      const left = Math.max(scale.x(this.from[i] ?? 0), scale.left);
      let end = Math.max(scale.x(this.to[i] ?? 0), left + 1);
      i++;
      // The next that begins more than a pixel later; what lies between is found by stepping out, not one by one.
      while (i < this.from.length && scale.x(this.from[i] ?? 0) <= end + 1) {
        const next = this.lastFrom(scale.at(end + 1), i);
        end = Math.max(end, scale.x(this.to[next] ?? 0));
        i = next + 1;
      }
      made.push(left, Math.min(end, right));
    }
    return made;
  }

  /** The stretch that holds a position, or undefined. */
  holding(icount: number): readonly [number, number] | undefined {
    const i = this.firstTo(icount);
    const from = this.from[i];
    const to = this.to[i];
    return from !== undefined && to !== undefined && from <= icount ? [from, to] : undefined;
  }

  /** The first stretch that ends at or after a position. */
  private firstTo(icount: number): number {
    let low = 0;
    let high = this.to.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.to[middle] ?? 0) < icount) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The last stretch, `first` or later, that begins at or before a position. */
  private lastFrom(icount: number, first: number): number {
    let low = first;
    let step = 1;
    while (low + step < this.from.length && (this.from[low + step] ?? 0) <= icount) {
      low += step;
      step *= 2;
    }
    let high = Math.min(low + step, this.from.length);
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if ((this.from[middle] ?? 0) <= icount) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
