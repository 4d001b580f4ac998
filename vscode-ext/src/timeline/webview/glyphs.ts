/** The shapes of marks, each centred on `(x, y)`, about 9 pixels in size. A shape, not a colour, tells the kinds apart. */
import type { Glyph } from '../model';

type Draw = (to: CanvasRenderingContext2D, x: number, y: number) => void;

function polygon(to: CanvasRenderingContext2D, points: readonly (readonly [number, number])[]): void {
  to.beginPath();
  points.forEach(([x, y], i) => {
    if (i === 0) {
      to.moveTo(x, y);
    } else {
      to.lineTo(x, y);
    }
  });
  to.closePath();
}

export const glyphs: Readonly<Record<Glyph, Draw>> = {
  dot(to, x, y) {
    to.beginPath();
    to.arc(x, y, 4.2, 0, 2 * Math.PI);
    to.fill();
  },
  ring(to, x, y) {
    to.beginPath();
    to.arc(x, y, 3.4, 0, 2 * Math.PI);
    to.lineWidth = 1.8;
    to.stroke();
  },
  triangle(to, x, y) {
    polygon(to, [
      [x, y - 4.8],
      [x + 5, y + 3.8],
      [x - 5, y + 3.8],
    ]);
    to.fill();
  },
  diamond(to, x, y) {
    polygon(to, [
      [x, y - 5],
      [x + 4.4, y],
      [x, y + 5],
      [x - 4.4, y],
    ]);
    to.fill();
  },
  /** The pole is at the position; it is drawn above the line of the other marks. */
  flag(to, x, y) {
    to.fillRect(x - 0.75, y - 13, 1.5, 17);
    polygon(to, [
      [x + 0.75, y - 13],
      [x + 7.5, y - 13],
      [x + 5.5, y - 10.25],
      [x + 7.5, y - 7.5],
      [x + 0.75, y - 7.5],
    ]);
    to.fill();
  },
  square(to, x, y) {
    to.lineWidth = 1.6;
    to.strokeRect(x - 3.5, y - 3.5, 7, 7);
  },
  stop(to, x, y) {
    to.fillRect(x - 4, y - 4, 8, 8);
  },
  open(to, x, y) {
    to.fillRect(x - 1, y - 6, 2, 12);
    to.fillRect(x - 1, y - 6, 4, 1.5);
    to.fillRect(x - 1, y + 4.5, 4, 1.5);
  },
  close(to, x, y) {
    to.fillRect(x - 1, y - 6, 2, 12);
    to.fillRect(x - 3, y - 6, 4, 1.5);
    to.fillRect(x - 3, y + 4.5, 4, 1.5);
  },
  tick(to, x, y) {
    to.fillRect(x - 0.5, y - 5, 1, 10);
  },
};
