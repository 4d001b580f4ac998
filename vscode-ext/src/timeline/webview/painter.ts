/**
 * Paints the lanes. Everything is drawn afresh in each frame, from bins and stretches that are at most as many as
 * there are pixels (series.ts), so a frame's cost does not follow the number of events.
 */
import type { Position } from '../../protocol';
import { barBin, binOf } from '../hit';
import { margin, rulerHeight, type Band, type Layout } from '../layout';
import { kinds, type Kind, type Picture, type Thing } from '../model';
import { ticks, type Range, type Scale } from '../scale';
import type { Series } from '../series';
import { glyphs } from './glyphs';
import type { Theme } from './theme';

export interface Scene {
  readonly layout: Layout;
  readonly scale: Scale;
  readonly scroll: number;
  readonly theme: Theme;
  readonly picture: Picture | undefined;
  readonly position: Position;
  /** Where the position is drawn: where the pointer scrubs to, or the program is. */
  readonly here: number;
  /** What is pointed at: by the pointer, and by the keyboard. */
  readonly hover: number | undefined;
  readonly cursor: number | undefined;
  readonly running: boolean;
}

/** Clears and paints; the context's unit is a CSS pixel. */
export function paint(to: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, theme } = scene;
  to.clearRect(0, 0, layout.width, layout.height);
  to.font = theme.font;
  to.textBaseline = 'middle';
  to.save();
  to.beginPath();
  to.rect(0, rulerHeight, layout.width, layout.height - rulerHeight);
  to.clip();
  to.translate(0, -scene.scroll);
  for (const band of layout.bands) {
    if (band.top + band.height >= scene.scroll && band.top <= scene.scroll + layout.height) {
      paintBand(to, scene, band);
    }
  }
  to.restore();
  paintRuler(to, scene);
  paintFuture(to, scene);
  paintEnd(to, scene);
  line(to, scene, scene.hover, theme.colour.muted, [1, 2]);
  line(to, scene, scene.cursor, theme.colour.cursor, [4, 3]);
  paintHere(to, scene);
  if (!layout.wide) {
    return;
  }
  // Names are not washed out with the future, and no mark runs into them.
  to.save();
  to.beginPath();
  to.rect(0, rulerHeight, layout.left - margin, layout.height - rulerHeight);
  to.clip();
  to.translate(0, -scene.scroll);
  for (const band of layout.bands) {
    label(to, scene, band, 8, band.bodyTop + band.bodyHeight / 2, layout.left - margin - 12);
  }
  to.restore();
}

function paintBand(to: CanvasRenderingContext2D, scene: Scene, band: Band): void {
  const { layout } = scene;
  if (!layout.wide && band.bodyTop > band.top) {
    label(to, scene, band, layout.left - 1, band.top + (band.bodyTop - band.top) / 2 + 1, layout.axis);
  }
  to.save();
  to.beginPath();
  to.rect(layout.left - margin, band.top, layout.axis + 2 * margin, band.height);
  to.clip();
  switch (band.lane.kind) {
    case 'thread':
      paintThread(to, scene, band);
      break;
    case 'branch':
      paintBranch(to, scene, band);
      break;
    case 'output':
      for (const { things } of band.lane.series) {
        paintBars(to, scene, band, things);
      }
      break;
    case 'input':
    case 'checkpoints':
      for (const { kind, things } of band.lane.series) {
        paintTicks(to, scene, band, kind, things);
      }
      break;
    case 'stops':
      paintStops(to, scene, band);
      break;
  }
  to.restore();
}

function label(to: CanvasRenderingContext2D, scene: Scene, band: Band, x: number, y: number, room: number): void {
  if (band.lane.kind === 'stops' && !scene.layout.wide) {
    return;
  }
  const { colour } = scene.theme;
  const current = band.lane.thread === scene.position.thread || band.lane.branch?.current === true;
  to.fillStyle = current ? colour.text : colour.muted;
  to.textAlign = 'left';
  to.fillText(fitted(to, band.lane.label, room), x, y);
}

/** The text, cut to a width. Names come from the program and can be of any length. */
function fitted(to: CanvasRenderingContext2D, text: string, room: number): string {
  const short = text.length > 80 ? text.slice(0, 80) : text;
  if (to.measureText(short).width <= room) {
    return short;
  }
  let low = 0;
  let high = short.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (to.measureText(short.slice(0, middle) + '…').width <= room) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return short.slice(0, low) + '…';
}

/** A thin line where the lane's thread or branch exists, as far as it is in view. */
function extent(to: CanvasRenderingContext2D, scene: Scene, range: Range, y: number, height: number): void {
  const { layout, scale } = scene;
  const left = Math.max(scale.x(range.from), layout.left - margin);
  const right = Math.min(scale.x(range.to), layout.left + layout.axis + margin);
  if (right >= left) {
    to.fillRect(left, y - height / 2, Math.max(right - left, 1), height);
  }
}

function paintThread(to: CanvasRenderingContext2D, scene: Scene, band: Band): void {
  const { colour } = scene.theme;
  const middle = Math.round(band.bodyTop + band.bodyHeight / 2);
  if (band.lane.extent !== undefined) {
    to.fillStyle = colour.thread;
    to.globalAlpha = scene.theme.contrast ? 0.8 : 0.4;
    extent(to, scene, band.lane.extent, middle, 1);
  }
  to.globalAlpha = band.lane.thread === scene.position.thread || scene.theme.contrast ? 1 : 0.75;
  to.fillStyle = colour.thread;
  to.beginPath();
  const pixels = band.lane.stretches?.pixels(scene.scale) ?? [];
  for (let i = 0; i + 1 < pixels.length; i += 2) {
    const left = pixels[i] ?? 0;
    to.rect(left, middle - 3.5, (pixels[i + 1] ?? left) - left, 7);
  }
  to.fill();
  to.globalAlpha = 1;
  paintGlyphs(to, scene, band, middle);
}

function paintBranch(to: CanvasRenderingContext2D, scene: Scene, band: Band): void {
  const { branch, extent: range } = band.lane;
  if (branch === undefined || range === undefined) {
    return;
  }
  const { colour, contrast } = scene.theme;
  const middle = Math.round(band.bodyTop + band.bodyHeight / 2);
  to.fillStyle = branch.current ? colour.live : colour.muted;
  to.globalAlpha = branch.current || contrast ? 1 : 0.6;
  extent(to, scene, range, middle, branch.current ? 4 : 2);
  // Where it forked from another.
  const x = scene.scale.x(range.from);
  if (range.from > scene.position.start) {
    to.fillRect(x - 1, band.bodyTop, 2, band.bodyHeight / 2);
  }
  to.beginPath();
  to.arc(x, middle, 3, 0, 2 * Math.PI);
  to.fill();
  to.globalAlpha = 1;
}

function paintStops(to: CanvasRenderingContext2D, scene: Scene, band: Band): void {
  const { theme, picture } = scene;
  const bottom = band.bodyTop + band.bodyHeight;
  if (picture?.hits !== undefined) {
    to.fillStyle = theme.colour.breakpoint;
    to.globalAlpha = theme.contrast ? 1 : 0.5;
    extent(to, scene, picture.hits, bottom - 1, 2);
    to.globalAlpha = 1;
  }
  paintGlyphs(to, scene, band, bottom - 8);
}

function paintGlyphs(to: CanvasRenderingContext2D, scene: Scene, band: Band, y: number): void {
  const { theme, scale } = scene;
  for (const { kind, things } of band.lane.series) {
    const { glyph, ink } = kinds[kind];
    const draw = glyphs[glyph];
    to.fillStyle = theme.colour[ink];
    to.strokeStyle = theme.colour[ink];
    for (const bin of things.bins(scale, binOf(kind))) {
      const x = scale.x(bin.icount);
      // Several in one place look like a stack.
      if (bin.weight > 1 && glyph !== 'open' && glyph !== 'close') {
        to.globalAlpha = 0.45;
        draw(to, x + 2.5, y);
        to.globalAlpha = 1;
      }
      draw(to, x, y);
    }
  }
}

/** Bars as high as the logarithm of what they weigh: a byte is seen beside a megabyte. */
function paintBars(to: CanvasRenderingContext2D, scene: Scene, band: Band, things: Series<Thing>): void {
  const { theme, scale } = scene;
  const bottom = band.bodyTop + band.bodyHeight - 2;
  const most = band.bodyHeight - 4;
  const error = things.items[0]?.error === true;
  to.fillStyle = error ? theme.colour.error : theme.colour.output;
  to.globalAlpha = theme.contrast ? 1 : 0.9;
  to.beginPath();
  for (const bin of things.bins(scale, barBin)) {
    const height = Math.min(most, 4 + Math.log2(1 + bin.weight) * 0.9);
    to.rect(scale.x(bin.icount) - 0.75, bottom - height, 1.5, height);
  }
  to.fill();
  to.globalAlpha = 1;
}

function paintTicks(to: CanvasRenderingContext2D, scene: Scene, band: Band, kind: Kind, things: Series<Thing>): void {
  const { theme, scale } = scene;
  const bottom = band.bodyTop + band.bodyHeight - 3;
  to.fillStyle = theme.colour[kinds[kind].ink];
  for (const bin of things.bins(scale, binOf(kind))) {
    const state = things.items[bin.first]?.state;
    const height = state === 'pinned' ? 9 : state === 'cold' ? 4 : 7;
    to.globalAlpha = state === 'cold' && !theme.contrast ? 0.6 : 1;
    const x = Math.round(scale.x(bin.icount) - 0.5);
    to.fillRect(x, bottom - height, 1, height);
    if (state === 'pinned') {
      to.fillRect(x - 1, bottom - height, 3, 3);
    }
  }
  to.globalAlpha = 1;
}

function paintRuler(to: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, scale, theme } = scene;
  to.fillStyle = theme.colour.line;
  to.globalAlpha = theme.hairline;
  to.fillRect(0, rulerHeight - 1, layout.width, 1);
  to.globalAlpha = 1;
  to.textAlign = 'center';
  const y = 8;
  for (const tick of ticks(scale, (text) => to.measureText(text).width)) {
    const x = scale.x(tick.icount);
    to.globalAlpha = theme.hairline;
    to.fillStyle = theme.colour.line;
    to.fillRect(Math.round(x - 0.5), rulerHeight - 5, 1, 4);
    to.globalAlpha = 1;
    to.fillStyle = theme.colour.muted;
    // Labels at the ends are moved inside rather than cut.
    const half = to.measureText(tick.label).width / 2;
    to.fillText(tick.label, Math.min(Math.max(x, layout.left - margin + half + 2), layout.width - half - 2), y);
  }
}

/** In the past what lies ahead is washed out. */
function paintFuture(to: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, scale, theme, position } = scene;
  const from = Math.max(scale.x(scene.here), layout.left - margin);
  if (scene.here >= position.frontier || from > layout.width) {
    return;
  }
  to.globalAlpha = theme.dim;
  to.fillStyle = theme.colour.background;
  to.fillRect(from, rulerHeight, layout.width - from, layout.height - rulerHeight);
  to.globalAlpha = 1;
}

/** Where the history ends, for now: a line with a ball, or with a box when the program has ended. */
function paintEnd(to: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, scale, theme, position, picture } = scene;
  const x = scale.x(position.frontier);
  if (x < layout.left - margin || x > layout.width) {
    return;
  }
  const over = position.ended === true || picture?.recording === true;
  to.fillStyle = over ? theme.colour.muted : theme.colour.live;
  to.fillRect(Math.round(x) - 0.5, rulerHeight, 1, layout.height - rulerHeight);
  if (over) {
    to.fillRect(x - 3, rulerHeight - 6, 6, 6);
  } else {
    to.beginPath();
    to.arc(x, rulerHeight - 3, 3.5, 0, 2 * Math.PI);
    to.fill();
  }
}

function line(
  to: CanvasRenderingContext2D,
  scene: Scene,
  at: number | undefined,
  colour: string,
  dash: number[],
): void {
  if (at === undefined) {
    return;
  }
  const x = Math.round(scene.scale.x(at)) + 0.5;
  if (x < scene.layout.left - margin || x > scene.layout.width) {
    return;
  }
  to.strokeStyle = colour;
  to.lineWidth = 1;
  to.setLineDash(dash);
  to.beginPath();
  to.moveTo(x, rulerHeight);
  to.lineTo(x, scene.layout.height);
  to.stroke();
  to.setLineDash([]);
}

/** The playhead. */
function paintHere(to: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, scale, theme, position } = scene;
  const x = scale.x(scene.here);
  if (x < layout.left - margin || x > layout.width + margin) {
    return;
  }
  const live = scene.here >= position.frontier;
  to.fillStyle = live ? theme.colour.live : theme.colour.past;
  to.globalAlpha = scene.running ? 0.6 : 1;
  to.fillRect(x - 1, rulerHeight - 4, 2, layout.height - rulerHeight + 4);
  to.beginPath();
  to.moveTo(x - 5, rulerHeight - 11);
  to.lineTo(x + 5, rulerHeight - 11);
  to.lineTo(x + 5, rulerHeight - 5);
  to.lineTo(x, rulerHeight);
  to.lineTo(x - 5, rulerHeight - 5);
  to.closePath();
  to.fill();
  if (theme.contrast) {
    to.strokeStyle = theme.colour.background;
    to.lineWidth = 1;
    to.stroke();
  }
  to.globalAlpha = 1;
}

/** Paints the whole history small, and which part of it the view shows. */
export function paintOverview(to: CanvasRenderingContext2D, scene: Scene, view: Range, height: number): void {
  const { layout, scale, theme } = scene;
  to.clearRect(0, 0, layout.width, height);
  const top = 3;
  const bottom = height - 3;
  to.fillStyle = theme.colour.thread;
  to.globalAlpha = 0.35;
  to.fillRect(layout.left, height / 2 - 1, layout.axis, 2);
  to.globalAlpha = 0.8;
  for (const band of layout.bands) {
    if (band.lane.kind !== 'stops' && band.lane.kind !== 'output') {
      continue;
    }
    const [y, tall] = band.lane.kind === 'stops' ? [top, 5] : [height / 2 + 1, bottom - height / 2 - 1];
    for (const { kind, things } of band.lane.series) {
      to.fillStyle = theme.colour[kinds[kind].ink];
      for (const bin of things.bins(scale, barBin)) {
        to.fillRect(scale.x(bin.icount) - 0.75, y, 1.5, tall);
      }
    }
  }
  to.globalAlpha = 1;
  const left = scale.x(view.from);
  const right = Math.max(scale.x(view.to), left + 6);
  to.fillStyle = theme.colour.window;
  to.globalAlpha = theme.contrast ? 0.3 : 1;
  to.fillRect(left, 1, right - left, height - 2);
  to.globalAlpha = 1;
  to.strokeStyle = theme.colour['window-border'];
  to.lineWidth = 1;
  to.strokeRect(Math.round(left) + 0.5, 1.5, Math.round(right - left), height - 3);
  to.fillStyle = scene.here >= scene.position.frontier ? theme.colour.live : theme.colour.past;
  to.fillRect(scale.x(scene.here) - 1, 0, 2, height);
}
