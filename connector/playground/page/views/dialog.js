// A modal dialog: what is in it is up to its owner. The browser keeps the focus inside, and Esc closes it.
import { html, ref } from "../libraries/lit-html.js";
import { update } from "../state/store.js";
import { icon } from "./icons.js";

/** @type {Element | null} what had the focus before */
let focusedBefore = null;

/** Closes the dialog that is open. */
export function closeDialog() {
  update((state) => {
    state.dialog = null;
  });
}

/** @param {Element | undefined} element undefined when the dialog is no longer on the page */
function show(element) {
  if (!element) {
    if (focusedBefore instanceof HTMLElement) focusedBefore.focus();
    return;
  }
  // It is not on the page yet while it is rendered for the first time.
  queueMicrotask(() => {
    if (!(element instanceof HTMLDialogElement) || element.open || !element.isConnected) return;
    focusedBefore = document.activeElement;
    element.showModal();
  });
}

/**
 * @param {{title: string, content: unknown, wide?: boolean, onClose?: () => void}} dialog onClose is called however it
 *   is closed
 */
export function dialog({ title, content, wide = false, onClose = closeDialog }) {
  return html`<dialog class=${wide ? "wide" : ""} aria-labelledby="dialog-title" @close=${onClose} ${ref(show)}>
    <header>
      <h2 id="dialog-title">${title}</h2>
      <button type="button" class="quiet" aria-label="Close" @click=${onClose}>${icon("cancel")}</button>
    </header>
    ${content}
  </dialog>`;
}
