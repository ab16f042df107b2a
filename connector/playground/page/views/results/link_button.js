// Makes a link to the file of a result.
import { html, nothing } from "../../libraries/lit-html.js";
import { openCopyDialog } from "../../state/copy_dialog.js";
import { icon } from "../controls/icons.js";

/**
 * @param {import("../../state/types.js").Session} session
 * @param {{fileName?: string, folder?: string, title?: string}} result without a file, nothing is shown
 * @param {{label?: string}} [look] label: for screen readers, of a button with an icon alone
 */
export function linkButton(session, { fileName, folder = "" }, { label = "" } = {}) {
  if (!fileName) return nothing;
  const open = () => openCopyDialog("share-file", session, { file: { fileName, folder } });
  return label
    ? html`<button type="button" class="quiet" aria-label=${label} title="Create a link" @click=${open}>${icon("link")}</button>`
    : html`<button type="button" class="quiet" title="Create a link" @click=${open}>${icon("link")} Link</button>`;
}
