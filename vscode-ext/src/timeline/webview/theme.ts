/** The colours and the font of what is painted, as the style sheet gives them for the theme of the moment. */
import type { Ink } from '../model';

type Name = Ink | 'text' | 'muted' | 'background' | 'line' | 'live' | 'past' | 'cursor' | 'window' | 'window-border';

const names: readonly Name[] = [
  'text',
  'muted',
  'background',
  'line',
  'live',
  'past',
  'cursor',
  'breakpoint',
  'data',
  'exception',
  'signal',
  'bookmark',
  'exec',
  'exit',
  'thread',
  'output',
  'error',
  'input',
  'checkpoint',
  'window',
  'window-border',
];

export interface Theme {
  readonly colour: Readonly<Record<Name, string>>;
  /** How much the future is washed out, and how strong hairlines are: 0 to 1. */
  readonly dim: number;
  readonly hairline: number;
  readonly font: string;
  /** High contrast, of VS Code or of the system. */
  readonly contrast: boolean;
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const number = (name: string, otherwise: number): number => {
    const read = Number.parseFloat(style.getPropertyValue(name));
    return Number.isFinite(read) ? read : otherwise;
  };
  const text = style.color;
  const colour = Object.fromEntries(
    names.map((name) => [name, style.getPropertyValue(`--tl-${name}`).trim() || text]),
  ) as Record<Name, string>;
  return {
    colour,
    dim: number('--tl-dim', 0.5),
    hairline: number('--tl-hairline', 0.35),
    font: `11px ${style.fontFamily}`,
    contrast:
      document.body.classList.contains('vscode-high-contrast') ||
      document.body.classList.contains('vscode-high-contrast-light') ||
      matchMedia('(forced-colors: active)').matches,
  };
}
