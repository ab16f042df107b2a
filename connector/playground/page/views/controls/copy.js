// Copies texts.
import { html } from "../../libraries/lit-html.js";
import { announce } from "../../state/store.js";
import { icon } from "./icons.js";

const SHOWN_MILLISECONDS = 2000;

/** @type {WeakMap<HTMLElement, ReturnType<typeof setTimeout>>} the timers that end what a button says */
const timers = new WeakMap();

/**
 * A button that copies a text, and says so for two seconds.
 * @param {string} label what it says, or with `iconOnly` what screen readers say
 * @param {() => string} text is called when the button is pressed
 * @param {{iconOnly?: boolean}} [look]
 */
export function copyButton(label, text, { iconOnly = false } = {}) {
  return html`<button type="button" class="quiet copy" aria-label=${label} title=${iconOnly ? label : ""}
    @click=${(/** @type {MouseEvent} */ event) => copy(/** @type {HTMLElement} */ (event.currentTarget), text())}
  ><span class="copy-before">${icon("copy")}${iconOnly ? "" : label}</span
  ><span class="copy-after">${icon("check")}${iconOnly ? "" : "Copied"}</span
  ><span class="copy-failed">${icon("alert")}${iconOnly ? "" : "Failed"}</span></button>`;
}

/**
 * @param {HTMLElement} button
 * @param {string} text
 */
async function copy(button, text) {
  const isCopied = await copyText(text, button);
  button.dataset.outcome = isCopied ? "copied" : "failed";
  clearTimeout(timers.get(button));
  const timer = setTimeout(() => {
    delete button.dataset.outcome;
    announce("");
  }, SHOWN_MILLISECONDS);
  timers.set(button, timer);
}

/**
 * Copies a text, and announces it.
 * @param {string} text
 * @param {Element | null} [control] the one that was used, such as the entry of a menu
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copyText(text, control = document.activeElement) {
  let isCopied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    isCopied = copySelection(text, control);
  }
  announce(isCopied ? "Copied" : "Not copied. Select the text, and copy it with the keyboard.");
  return isCopied;
}

/**
 * Copies as browsers did before navigator.clipboard, which they have only for https and localhost.
 * @param {string} text
 * @param {Element | null} control
 * @returns {boolean}
 */
function copySelection(text, control) {
  if (!(control instanceof HTMLElement)) return false;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  field.tabIndex = -1;
  // Beside the control, because nothing outside of an open dialog can have the focus.
  control.after(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  control.focus();
  return isCopied;
}
