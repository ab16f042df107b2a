// How far a copy has come, and what dialogs have in common that begin one.
import { size as sizeText } from "../../format.js";
import { html, ifDefined, nothing } from "../../libraries/lit-html.js";
import { cancelCopying } from "../../state/copy_dialog.js";

/** @typedef {import("../../state/types.js").CopyDialog} CopyDialog */
/** @typedef {import("../../state/types.js").CopyProgress} CopyProgress */

export const OBSTACLES = {
  run: "waiting for the run",
  pool: "waiting: the session pool is full",
  app: "waiting: the connector or its pool is busy",
  connection: "connection lost, will resume",
};

/** @param {CopyProgress} progress */
export function copyText({ received, size, waitsFor }) {
  if (waitsFor) return size > 0 ? `${sizeText(received)} · ${OBSTACLES[waitsFor]}` : OBSTACLES[waitsFor];
  return size > 0 ? `${sizeText(received)} of ${sizeText(size)}` : "beginning";
}

/**
 * @param {CopyProgress} progress
 * @param {string} label
 */
export function copyBar({ received, size }, label) {
  // Without a value it says that something is going on, not how far that is.
  return html`<progress max=${Math.max(1, size)} value=${ifDefined(size > 0 ? received : undefined)} aria-label=${label}></progress>`;
}

/**
 * The lower part of a dialog while it asks or copies: what went wrong, the progress, and the buttons.
 * @param {CopyDialog} dialog
 * @param {{label: string, buttons: unknown, problem?: string}} parts label is that of the progress; the buttons are shown
 *   while it asks; problem is what went wrong, if other words are better than the connector's
 */
export function copyFoot({ status, progress, error }, { label, buttons, problem = error?.message ?? "" }) {
  if (status === "copying")
    return html`<div class="copying">
        <p class="digits" role="status">${label}: ${copyText(progress)}</p>
        ${copyBar(progress, label)}
      </div>
      <div class="dialog-buttons">
        <button type="button" class="button" autofocus data-copying @click=${cancelCopying}>Cancel</button>
      </div>`;
  return html`${problem ? html`<p id="copy-problem" class="problem" role="alert">${problem}</p>` : nothing}
    <div class="dialog-buttons">${buttons}</div>`;
}

/** @param {{status: CopyDialog["status"]}} dialog */
export function isCopying({ status }) {
  return status === "copying";
}
