// Imports by address: those under way, and those that failed, as rows of the list of uploads.
import { kindOf, shownName } from "../../content/names.js";
import { html } from "../../libraries/lit-html.js";
import { openCopyDialog } from "../../state/copy_dialog.js";
import { cancelImport, retryImport } from "../../state/files/imports.js";
import { copyBar, copyText } from "../controls/copy_progress.js";
import { icon } from "../controls/icons.js";

/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").Import} Import */

/**
 * @param {Session} session
 * @param {Import} item
 */
export function importRow(session, item) {
  const name = shownName(item.fileName);
  const isFailed = item.status === "failed";
  return html`<li class="file ${isFailed ? "failed" : "transfer"}">
    <span class="kind" aria-hidden="true">${kindOf(item.fileName)}</span>
    <span class="name" title=${name}><bdi>${name}</bdi></span>
    <span class="facts digits">${isFailed ? "not imported" : item.status === "waiting" ? "waiting" : copyText(item.progress)}</span>
    <button type="button" class="quiet" aria-label=${isFailed ? `Dismiss ${name}` : `Cancel the import of ${name}`}
      @click=${() => cancelImport(session, item)}>${icon("cancel")}</button>
    ${isFailed ? problem(session, item, name) : copyBar(item.progress, `Import of ${name}`)}
  </li>`;
}

/**
 * @param {Session} session
 * @param {Import} item
 * @param {string} name as it is shown
 */
function problem(session, item, name) {
  const change = () => {
    cancelImport(session, item);
    openCopyDialog("import-file", session, { request: item.request });
  };
  return html`<div class="file-error" role="alert">
    <p>${item.error?.message}</p>
    <button type="button" class="quiet" aria-label="Retry the import of ${name}" @click=${() => retryImport(session, item)}>Retry</button>
    <button type="button" class="quiet" aria-label="Change the import of ${name}" @click=${change}>Change</button>
  </div>`;
}
