/**
 * Gives the focus back to the element that had it when the page gets it again: an editor takes it from the page as a
 * whole, and gives it back to that only.
 */
export function keepFocus(): void {
  let last: HTMLElement | undefined;
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement) {
      last = target;
    }
  });
  window.addEventListener('focus', () => {
    if (document.activeElement === document.body && last?.isConnected === true) {
      last.focus({ preventScroll: true });
    }
  });
}
