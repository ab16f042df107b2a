// The dialog that makes a link to a file, which people can open without a key.
import { shownName } from "../../content/names.js";
import { exactTime } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { closeCopyDialog } from "../../state/copy_dialog.js";
import { createLink } from "../../state/files/copies.js";
import { copyFoot, isCopying } from "../controls/copy_progress.js";
import { dialog } from "../controls/dialog.js";
import { focusNext } from "../controls/focus.js";
import { resultAddress } from "../controls/result_address.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").CopyDialog} CopyDialog */
/** @typedef {import("../../api/models.js").SharedFile} SharedFile */

/** @type {[number, string][]} seconds, and what they are called */
const LIFETIMES = [
  [3600, "1 hour"],
  [86_400, "1 day"],
  [604_800, "7 days"],
];

/** @param {State} state */
export function shareDialog({ copyDialog, sessions }) {
  const session = sessions.find(({ key }) => key === copyDialog?.key);
  if (!copyDialog?.file || !session) return nothing;
  return dialog({
    title: html`Link to <bdi>${shownName(copyDialog.file.fileName)}</bdi>`,
    onClose: closeCopyDialog,
    content: copyDialog.status === "done" ? done(copyDialog.result) : form(session, copyDialog),
  });
}

/**
 * @param {Session} session
 * @param {CopyDialog} about
 */
function form(session, about) {
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const seconds = Number(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("lifetime"));
    const ending = createLink(session, about, seconds);
    focusNext("dialog [data-copying]");
    await ending;
    focusNext("dialog .copy, dialog [type=submit]");
  };
  return html`<form class="copy-form" tabindex="-1" data-focus-home @submit=${submit}>
    <p>Anyone who has the link can download the file, without a key, until the link ends.</p>
    <fieldset class="choices" ?disabled=${isCopying(about)}>
      <legend>The link works for</legend>
      ${LIFETIMES.map(
        ([seconds, text], index) => html`<label class="choice">
          <input type="radio" name="lifetime" value=${seconds} ?checked=${index === 0} ?autofocus=${index === 0}>
          <span>${text}</span></label>`,
      )}
    </fieldset>
    ${copyFoot(about, {
      label: "Copying the file to storage",
      buttons: html`<button type="submit" class="button primary">Create link</button>`,
    })}
  </form>`;
}

/** @param {SharedFile} link */
function done({ fileUrl, expirationTime, isDurable }) {
  return html`<div class="copy-form" tabindex="-1" data-focus-home>
    ${resultAddress({
      label: "Link",
      address: fileUrl,
      more: html`<a class="button" href=${fileUrl} target="_blank" rel="noopener noreferrer">Open</a>`,
    })}
    <p role="status"><b>It works until <time datetime=${expirationTime}>${exactTime(expirationTime)}</time>.</b>
      ${
        isDurable
          ? "It outlives the session: the file was copied to the connector’s storage."
          : "It ends earlier if the session ends or expires, or if the file changes. Each use of the session or of the link delays its expiry."
      }</p>
    <p class="muted">The link is a secret: send it only to those who may have the file.</p>
  </div>`;
}
