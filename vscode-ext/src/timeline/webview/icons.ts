/** The toolbar's icons, drawn on 16 by 16. */
import type { Icon } from '../../webviews/webview/dom';

const left = 'M11.5 3.5 L5.5 8 L11.5 12.5 Z';
const right = 'M4.5 3.5 L10.5 8 L4.5 12.5 Z';
const lens = 'M11 7 A4.2 4.2 0 1 1 2.6 7 A4.2 4.2 0 0 1 11 7 Z M10 10 L13.5 13.5';

export const icons = {
  start: { stroke: `${left} M3.5 3.5 V12.5` },
  previous: { stroke: 'M10 3.5 L5.5 8 L10 12.5' },
  next: { stroke: 'M6 3.5 L10.5 8 L6 12.5' },
  end: { stroke: `${right} M12.5 3.5 V12.5` },
  zoomOut: { stroke: `${lens} M4.8 7 H8.8` },
  zoomIn: { stroke: `${lens} M4.8 7 H8.8 M6.8 5 V9` },
  whole: { stroke: 'M2.5 4 V12 M13.5 4 V12 M4.8 8 H11.2 M6.6 6 L4.6 8 L6.6 10 M9.4 6 L11.4 8 L9.4 10' },
  findHits: {
    stroke: 'M13.5 13.5 L10.4 10.4 M11.8 7 A4.8 4.8 0 1 1 2.2 7 A4.8 4.8 0 0 1 11.8 7 Z',
    fill: 'M8.9 7 A1.9 1.9 0 1 1 5.1 7 A1.9 1.9 0 0 1 8.9 7 Z',
  },
  bookmark: { stroke: 'M4 2.5 H12 V13.5 L8 10.3 L4 13.5 Z M8 4.8 V8.4 M6.2 6.6 H9.8' },
  list: { stroke: 'M6 4 H13.5 M6 8 H13.5 M6 12 H13.5 M2.5 4 H3.2 M2.5 8 H3.2 M2.5 12 H3.2' },
} as const satisfies Record<string, Icon>;
