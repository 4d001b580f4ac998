/** The horizontal axis: positions in history to pixels and back, zooming, panning, ticks. Pure. */
import { tick } from '../webviews/format';

/** A stretch of history, `from <= to`, in instructions. Not whole numbers while zooming and panning. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The fewest instructions that can fill the width of the view: closer than that, nothing more can be seen. */
export const closest = 16;

export function span(range: Range): number {
  return range.to - range.from;
}

/** Maps the positions of `range` to the pixels `[left, left + width]`. */
export class Scale {
  private readonly perInstruction: number;

  constructor(
    readonly range: Range,
    readonly width: number,
    readonly left = 0,
  ) {
    // Less than an instruction is never shown; what a window of the axis is made of (see around) may be as small.
    this.perInstruction = width / Math.max(span(range), 1e-6);
  }

  /** The pixel of a position; positions outside of the range are outside of the width. */
  x(icount: number): number {
    return this.left + (icount - this.range.from) * this.perInstruction;
  }

  /** The position nearest to a pixel, a whole number. */
  icount(x: number): number {
    return Math.round(this.at(x));
  }

  /** The place of a pixel in history, between positions, too. */
  at(x: number): number {
    return this.range.from + (x - this.left) / this.perInstruction;
  }

  /** The same axis, of which only `range` is looked at. */
  around(range: Range): Scale {
    return new Scale(range, span(range) * this.perInstruction, this.x(range.from));
  }

  /** How many instructions so many pixels hold. */
  instructions(pixels: number): number {
    return pixels / this.perInstruction;
  }
}

/** The range as it can be shown: inside of `limits`, and not closer than [closest]. Its size is kept if possible. */
export function within(range: Range, limits: Range): Range {
  const size = Math.min(Math.max(span(range), closest), Math.max(span(limits), 0));
  const from = Math.min(Math.max(range.from, limits.from), limits.to - size);
  return { from, to: from + size };
}

/** Zooms by `factor` (< 1: closer) such that what is at `at` stays where it is. */
export function zoomed(range: Range, limits: Range, at: number, factor: number): Range {
  const size = Math.min(Math.max(span(range) * factor, closest), Math.max(span(limits), closest));
  const part = span(range) > 0 ? (at - range.from) / span(range) : 0.5;
  const from = at - part * size;
  return within({ from, to: from + size }, limits);
}

/** Moves the range by so many instructions. */
export function panned(range: Range, limits: Range, by: number): Range {
  return within({ from: range.from + by, to: range.to + by }, limits);
}

/** The range moved no more than needed to show `at`, with some of what is around it. */
export function revealing(range: Range, limits: Range, at: number): Range {
  const margin = span(range) * 0.1;
  if (at < range.from) {
    return panned(range, limits, at - margin - range.from);
  }
  return at > range.to ? panned(range, limits, at + margin - range.to) : range;
}

/** Whether `outer` holds all of `inner`, but for a rounding. */
export function covers(outer: Range, inner: Range): boolean {
  return outer.from <= inner.from + 1 && outer.to >= inner.to - 1;
}

export interface Tick {
  readonly icount: number;
  readonly label: string;
}

/** Round positions, 1, 2 or 5 times a power of ten apart, such that labels of `labelWidth(text)` pixels have room. */
export function ticks(scale: Scale, labelWidth: (label: string) => number): Tick[] {
  const { from, to } = scale.range;
  if (scale.width <= 0 || to <= from) {
    return [];
  }
  const gap = 28;
  let step = 1;
  for (let power = 1; ; power *= 10) {
    let found = false;
    for (const digit of [1, 2, 5]) {
      step = digit * power;
      const widest = labelWidth(tick(Math.ceil(to / step) * step, step));
      if (scale.x(step) - scale.x(0) >= widest + gap) {
        found = true;
        break;
      }
    }
    if (found || power > to) {
      break;
    }
  }
  const made: Tick[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    made.push({ icount: at, label: tick(at, step) });
  }
  return made;
}
