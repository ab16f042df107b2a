// A modal dialog: what is in it is up to its owner. The browser keeps the focus inside, and Esc closes it.
import { html, ref } from "../../libraries/lit-html.js";
import { update } from "../../state/store.js";
import { icon } from "./icons.js";

/** Closes the dialog that is open. */
export function closeDialog() {
  update((state) => {
    state.dialog = null;
  });
}

/** @type {Element | null} */
let opener = null;

/** @param {Element | undefined} element */
function show(element) {
  // Afterwards, because while it is rendered it is not in the document.
  queueMicrotask(() => {
    if (element instanceof HTMLDialogElement && element.isConnected && !element.open) {
      opener = document.activeElement;
      element.showModal();
    } else if (!element && document.activeElement === document.body) restoreFocus();
  });
}

/** Browsers do it only for a dialog that is closed before it is removed. */
function restoreFocus() {
  const target = opener?.isConnected ? opener : document.querySelector('[role="tab"][aria-selected="true"]');
  if (target instanceof HTMLElement) target.focus();
}

/**
 * @param {{title: unknown, content: unknown, wide?: boolean, onClose?: () => void}} dialog onClose is called however it
 *   is closed
 */
export function dialog({ title, content, wide = false, onClose = closeDialog }) {
  return html`<dialog class=${wide ? "wide" : ""} aria-labelledby="dialog-title" @close=${onClose} ${ref(show)}>
    <header role="none">
      <h2 id="dialog-title">${title}</h2>
      <button type="button" class="quiet" aria-label="Close" @click=${onClose}>${icon("cancel")}</button>
    </header>
    ${content}
  </dialog>`;
}
