// The files that a run has created or changed.
import { pathOf, shownName } from "../../content/names.js";
import { count, size } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { downloadFile } from "../../state/files/downloads.js";
import { openPreview } from "../../state/files/preview.js";
import { icon } from "../controls/icons.js";
import { linkButton } from "./link_button.js";
import { resultBlock } from "./result_block.js";

/** @typedef {import("../../api/models.js").FileFacts} FileFacts */

const SHOWN = 50;

/**
 * @param {import("../../state/types.js").Session} session
 * @param {FileFacts[]} files
 */
export function runFiles(session, files) {
  if (files.length === 0) return nothing;
  const more = files.length - SHOWN;
  return resultBlock({
    heading: "Files of this run",
    content: html`<ul class="run-files">
        ${files.slice(0, SHOWN).map((file) => fileRow(session, file))}
      </ul>
      ${more > 0 ? html`<p class="muted small">and ${count(more)} more, in the pane Files</p>` : nothing}`,
  });
}

/**
 * @param {import("../../state/types.js").Session} session
 * @param {FileFacts} file
 */
function fileRow(session, file) {
  const path = shownName(pathOf(file));
  const change = file.change === "Changed" ? "changed" : "created";
  return html`<li>
    <button type="button" class="link" title="Preview" @click=${() => openPreview(session, file)}><bdi>${path}</bdi></button>
    <span class="muted digits">${change}, ${size(file.size)}</span>
    <span class="spacer"></span>
    <button type="button" class="quiet" aria-label="Download ${path}" @click=${() => downloadFile(session, file)}>${icon("download")}</button>
    ${linkButton(session, file, { label: `Create a link to ${path}` })}
  </li>`;
}
