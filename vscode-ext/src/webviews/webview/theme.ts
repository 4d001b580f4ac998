/** When what a page looks like has to be looked at again. */

/** Calls back when the theme, the font or what the system asks for changes. */
export function onThemeChange(changed: () => void): void {
  // VS Code changes the variables on <html>, and the kind of theme on <body>.
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-kind'] });
  matchMedia('(forced-colors: active)').addEventListener('change', changed);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
}
