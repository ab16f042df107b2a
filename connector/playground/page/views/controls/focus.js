// Keeps the focus on the page when what had it is gone.

/** @type {EventTarget[]} what had the focus, and everything around it */
let path = [];

/** Remembers where the focus is. */
export function watchFocus() {
  addEventListener("focusin", (event) => {
    path = event.composedPath();
  });
}

/** After a render: if what had the focus is gone, gives it to the nearest element around it that is to take it. */
export function keepFocus() {
  if (document.activeElement !== document.body || !(path[0] instanceof Element) || path[0].isConnected) return;
  const home = path.find((place) => place instanceof HTMLElement && place.isConnected && "focusHome" in place.dataset);
  if (home instanceof HTMLElement) home.focus();
}

/**
 * Gives the focus to an element that the next render may make, if nothing has it then.
 * @param {string} selector
 */
export function focusNext(selector) {
  requestAnimationFrame(() => {
    const found = document.querySelector(selector);
    if (found instanceof HTMLElement && isFree(document.activeElement)) found.focus();
  });
}

/** @param {Element | null} active */
function isFree(active) {
  return (
    active === null || active === document.body || (active instanceof HTMLElement && "focusHome" in active.dataset)
  );
}
