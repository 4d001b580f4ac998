/** What is under the pointer. Pure. */
import type { Band, Layout } from './layout';
import { bandAt } from './layout';
import { kinds, merged, type Thing } from './model';
import type { Scale } from './scale';

/** Things at most so wide, in pixels, are drawn as one; shared with what draws them. */
export const glyphBin = 10;
export const barBin = 2;
export const tickBin = 3;

/** How far beside a glyph the pointer may be. */
const reach = 6;

/** The width of bins in which a kind is drawn. */
export function binOf(kind: Thing['kind']): number {
  const lane = kinds[kind].lane;
  return lane === 'output' ? barBin : lane === 'checkpoints' || lane === 'input' ? tickBin : glyphBin;
}

export interface Hit {
  readonly band: Band;
  readonly thing: Thing;
}

/**
 * The thing that is drawn at a point, the topmost first; undefined for empty space. `y` is a height of the content.
 * The bins are those that are drawn: what is found is what is seen.
 */
export function hit(of: Layout, scale: Scale, x: number, y: number): Hit | undefined {
  const band = bandAt(of, y);
  if (band === undefined) {
    return undefined;
  }
  let best: { distance: number; thing: Thing | undefined } | undefined;
  for (const { kind, things } of band.lane.series) {
    // Only what is near the pointer need be put into bins: they don't depend on the range in view.
    const near = scale.instructions(reach + binOf(kind));
    const window = { from: scale.at(x) - near, to: scale.at(x) + near };
    for (const bin of things.bins(scale.around(window), binOf(kind))) {
      const distance = Math.abs(scale.x(bin.icount) - x);
      if (distance <= reach && (best === undefined || distance <= best.distance)) {
        best = { distance, thing: merged(things.items.slice(bin.first, bin.end)) };
      }
    }
  }
  return best?.thing === undefined ? undefined : { band, thing: best.thing };
}
