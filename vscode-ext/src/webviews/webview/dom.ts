/** Building elements. Texts are always text: nothing here, and nothing that uses it, parses HTML. */

type Attributes = Readonly<Record<string, string>>;

/** An element with attributes and children; a string child is text. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** An icon of 16 by 16, of one path that is stroked, and one that is filled, in the colour of the text. */
export interface Icon {
  readonly stroke?: string;
  readonly fill?: string;
}

export function svg(icon: Icon): SVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const made = document.createElementNS(space, 'svg');
  made.setAttribute('viewBox', '0 0 16 16');
  made.setAttribute('aria-hidden', 'true');
  for (const [kind, shape] of Object.entries(icon)) {
    const path = document.createElementNS(space, 'path');
    path.setAttribute('class', kind);
    path.setAttribute('d', shape as string);
    made.append(path);
  }
  return made;
}

/** A toolbar's button: an icon with a name, which is its tooltip, too. */
export function iconButton(icon: Icon, name: string, run: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', class: 'icon', title: name, 'aria-label': plain(name) }, svg(icon));
  made.addEventListener('click', run);
  return made;
}

/** A name without the key that stands in parentheses at its end. */
function plain(name: string): string {
  return name.replace(/ \([^)]*\)$/, '');
}
