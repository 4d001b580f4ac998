/** The values as a step plot over the history. Points where, tells what, and goes there by a click. */
import type { Position } from '../../protocol';
import { count } from '../../webviews/format';
import { element } from '../../webviews/webview/dom';
import { plot, type Step } from '../model';

const plotHeight = 84;
const top = 6;
const bottom = 18;

export class Sparkline {
  private readonly canvas = element('canvas', { role: 'img' });
  private readonly value = element('div', { class: 'value hidden' });
  readonly root = element('div', { class: 'plot hidden' }, this.canvas, this.value);
  private steps: readonly Step[] = [];
  private range = { from: 0, to: 1 };
  private position: Position | undefined;
  private pointer: number | undefined;
  private drawn = false;

  constructor(seek: (icount: number) => void) {
    new ResizeObserver(() => {
      this.invalidate();
    }).observe(this.root);
    this.canvas.addEventListener('pointermove', (event) => {
      this.pointer = event.offsetX;
      this.invalidate();
    });
    this.canvas.addEventListener('pointerleave', () => {
      this.pointer = undefined;
      this.invalidate();
    });
    this.canvas.addEventListener('click', (event) => {
      seek(this.icount(event.offsetX));
    });
  }

  /** Shows steps over a range of the history; undefined when there are no numbers. */
  show(steps: readonly Step[] | undefined, from: number, to: number): void {
    this.root.classList.toggle('hidden', steps === undefined);
    this.steps = steps ?? [];
    // A history that is incomplete begins where it is known: the rest of the axis would say nothing.
    this.range = { from: Math.max(from, this.steps[0]?.icount ?? from), to };
    const values = this.steps.map((step) => step.value);
    const [low, high] = extremes(values);
    this.canvas.setAttribute('aria-label', `Plot of ${values.length} values between ${low} and ${high}`);
    this.invalidate();
  }

  moveTo(position: Position | undefined): void {
    this.position = position;
    this.invalidate();
  }

  /** The theme changed. */
  invalidate(): void {
    if (!this.drawn) {
      this.drawn = true;
      requestAnimationFrame(() => {
        this.drawn = false;
        this.draw();
      });
    }
  }

  private icount(x: number): number {
    const { from, to } = this.range;
    return Math.round(from + Math.min(Math.max(x / this.root.clientWidth, 0), 1) * (to - from));
  }

  private draw(): void {
    const width = this.root.clientWidth;
    const context = this.canvas.getContext('2d');
    if (this.steps.length === 0 || width === 0 || context === null) {
      return;
    }
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(plotHeight * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${plotHeight}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(document.body);
    const colour = (name: string): string => style.getPropertyValue(`--vh-${name}`).trim() || style.color;
    const { from, to } = this.range;
    const [low, high] = extremes(this.steps.map((step) => step.value));
    const room = plotHeight - top - bottom;
    const y = (value: number): number => top + room - (high === low ? 0.5 : (value - low) / (high - low)) * room;

    context.font = `11px ${style.fontFamily}`;
    context.fillStyle = colour('axis');
    context.globalAlpha = 0.4;
    context.fillRect(0, plotHeight - bottom + 2, width, 1);
    context.globalAlpha = 1;
    context.fillStyle = colour('text');
    context.textBaseline = 'bottom';
    context.fillText(count(from), 0, plotHeight - 1);
    context.textAlign = 'right';
    context.fillText(count(to), width, plotHeight - 1);
    context.textAlign = 'left';

    this.line(context, width, y, colour('line'));
    this.extremes(context, low, high, y, colour('text'));
    const { position } = this;
    if (position !== undefined && position.icount >= from && position.icount <= to) {
      const x = ((position.icount - from) / Math.max(to - from, 1)) * width;
      context.fillStyle = position.live ? colour('live') : colour('here');
      context.fillRect(Math.min(Math.max(x - 1, 0), width - 2), 0, 2, plotHeight - bottom + 2);
    }
    this.point(context, width, y, colour('text'));
  }

  private line(context: CanvasRenderingContext2D, width: number, y: (value: number) => number, colour: string): void {
    const { from, to } = this.range;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.beginPath();
    let last: number | undefined;
    for (const column of plot(this.steps, from, to, width)) {
      const x = Math.min(column.x + 0.5, width - 0.5);
      if (last === undefined) {
        context.moveTo(x, y(column.leave));
      } else {
        context.lineTo(x, y(last));
        context.lineTo(x, y(column.low));
        context.lineTo(x, y(column.high));
        context.lineTo(x, y(column.leave));
      }
      last = column.leave;
    }
    if (last !== undefined) {
      context.lineTo(width, y(last));
    }
    context.stroke();
  }

  /** The greatest and the least value, at the left, over the line. */
  private extremes(
    context: CanvasRenderingContext2D,
    low: number,
    high: number,
    y: (value: number) => number,
    colour: string,
  ): void {
    context.fillStyle = colour;
    context.textBaseline = 'top';
    context.fillText(short(high), 2, y(high) - 4);
    if (low !== high) {
      context.textBaseline = 'bottom';
      context.fillText(short(low), 2, y(low) + 4);
    }
  }

  private point(context: CanvasRenderingContext2D, width: number, y: (value: number) => number, colour: string): void {
    this.value.classList.toggle('hidden', this.pointer === undefined);
    if (this.pointer === undefined) {
      return;
    }
    const at = this.icount(this.pointer);
    // At a write's position the old value still holds.
    const step = this.steps.findLast((each) => each.icount < at) ?? this.steps[0];
    if (step === undefined) {
      return;
    }
    context.fillStyle = colour;
    context.globalAlpha = 0.6;
    context.fillRect(this.pointer, 0, 1, plotHeight - bottom + 2);
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(this.pointer + 0.5, y(step.value), 3, 0, 2 * Math.PI);
    context.fill();
    this.value.textContent = `${short(step.value)} at ${count(at)}`;
    const own = this.value.offsetWidth;
    const left = this.pointer + 10 + own > width ? this.pointer - own - 8 : this.pointer + 10;
    this.value.style.transform = `translate(${Math.max(left, 0)}px, 2px)`;
  }
}

function short(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? value.toLocaleString('en-US')
    : String(Number(value.toPrecision(6)));
}

function extremes(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
