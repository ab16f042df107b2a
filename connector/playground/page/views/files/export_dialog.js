// The dialog that copies a file to the connector's storage.
import { pathOf, shownName } from "../../content/names.js";
import { size as sizeText } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { closeCopyDialog } from "../../state/copy_dialog.js";
import { exportFile } from "../../state/files/copies.js";
import { copyFoot, isCopying } from "../controls/copy_progress.js";
import { dialog } from "../controls/dialog.js";
import { focusNext } from "../controls/focus.js";
import { resultAddress } from "../controls/result_address.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").CopyDialog} CopyDialog */
/** @typedef {import("../../api/models.js").ExportedFile} ExportedFile */

/** @param {State} state */
export function exportDialog({ copyDialog, sessions }) {
  const session = sessions.find(({ key }) => key === copyDialog?.key);
  if (!copyDialog?.file || !session) return nothing;
  return dialog({
    title: html`Export <bdi>${shownName(copyDialog.file.fileName)}</bdi> to storage`,
    onClose: closeCopyDialog,
    content:
      copyDialog.status === "done" ? done(copyDialog.result) : form(session, copyDialog, pathOf(copyDialog.file)),
  });
}

/**
 * @param {Session} session
 * @param {CopyDialog} about
 * @param {string} path
 */
function form(session, about, path) {
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const blobName = String(given.get("blobName")).trim();
    const ending = exportFile(session, about, { blobName, isReplacing: given.has("isReplacing") });
    focusNext("dialog [data-copying]");
    await ending;
    focusNext("dialog .copy, dialog [type=submit]");
  };
  return html`<form class="copy-form" tabindex="-1" data-focus-home @submit=${submit}>
    <p>Copies the file to the connector’s storage, where it outlives the session. Reading it there needs a role on the
      storage.</p>
    <label class="field"><span>Name of the blob</span>
      <input type="text" name="blobName" .defaultValue=${path} ?readonly=${isCopying(about)} autofocus required
        maxlength="900" autocomplete="off" autocapitalize="none" spellcheck="false"
        aria-describedby="copy-problem" aria-invalid=${about.error?.status === 400 ? "true" : "false"}></label>
    <label class="choice"><input type="checkbox" name="isReplacing" ?disabled=${isCopying(about)}>
      <span>Replace the blob, if there is one of this name</span></label>
    ${copyFoot(about, {
      label: "Copying the file to storage",
      buttons: html`<button type="submit" class="button primary">Export</button>`,
    })}
  </form>`;
}

/** @param {ExportedFile} blob */
function done({ blobUrl, size }) {
  return html`<div class="copy-form" tabindex="-1" data-focus-home>
    ${resultAddress({ label: "Address of the blob", address: blobUrl })}
    <p role="status"><b>${sizeText(size)} were copied.</b> To read the blob, a person or a program needs a role on the
      storage. “Import by address” takes it into another session.</p>
  </div>`;
}
