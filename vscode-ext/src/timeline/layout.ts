/** Where the lanes lie, for a size of the view. Pure; all lengths are CSS pixels. */
import type { Lane, LaneKind, Picture } from './model';

/** From this width on, the names of lanes have a column of their own; below they are written over the lanes. */
const wideFrom = 440;

export const rulerHeight = 26;
export const overviewHeight = 18;
/** Beside the axis, so that the marks at both ends are whole. */
export const margin = 9;

/** The height of a lane's own picture. */
const heights: Readonly<Record<LaneKind, number>> = {
  stops: 22,
  branch: 14,
  thread: 16,
  output: 22,
  input: 14,
  checkpoints: 14,
};

const labelHeight = 13;

export interface Band {
  readonly lane: Lane;
  /** Its top, in the content: below the ruler, before scrolling. */
  readonly top: number;
  readonly height: number;
  /** Where its picture is, below its name in a narrow view. */
  readonly bodyTop: number;
  readonly bodyHeight: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly wide: boolean;
  /** The axis: where the first position of the view is, and how wide it is. */
  readonly left: number;
  readonly axis: number;
  readonly bands: readonly Band[];
  /** The height of everything: the ruler, and all bands. */
  readonly content: number;
}

export function layout(picture: Picture | undefined, width: number, height: number): Layout {
  const wide = width >= wideFrom;
  const gutter = wide ? Math.min(140, Math.round(width * 0.16)) : 0;
  const left = gutter + margin;
  const bands: Band[] = [];
  let top = rulerHeight;
  for (const lane of picture?.lanes ?? []) {
    // What the stops are is plain from their glyphs: a name would only take room there.
    const label = wide || lane.kind === 'stops' ? 0 : labelHeight;
    const body = heights[lane.kind];
    bands.push({ lane, top, height: label + body, bodyTop: top + label, bodyHeight: body });
    top += label + body;
  }
  return { width, height, wide, left, axis: Math.max(width - left - margin, 1), bands, content: top + 4 };
}

/** The band at a height of the content, if any. */
export function bandAt(of: Layout, y: number): Band | undefined {
  return of.bands.find((band) => y >= band.top && y < band.top + band.height);
}
