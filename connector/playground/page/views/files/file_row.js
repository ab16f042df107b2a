// The row of a file: what it is, and what can be done with it.

import { kindOf, pathOf, shownName } from "../../content/names.js";
import { exactTime, size as sizeText, timeOfFile } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { whyNotStored } from "../../state/connection/storage.js";
import { openCopyDialog } from "../../state/copy_dialog.js";
import { deleteFile, undoDeletion } from "../../state/files/deletions.js";
import { cancelDownload, downloadFile } from "../../state/files/downloads.js";
import { setFileError } from "../../state/files/one_file.js";
import { openPreview } from "../../state/files/preview.js";
import { addReadingCode } from "../../state/runs/reading_code.js";
import { update } from "../../state/store.js";
import { menuButton } from "../controls/action_menu.js";
import { copyText } from "../controls/copy.js";
import { focusNext } from "../controls/focus.js";
import { icon } from "../controls/icons.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../api/models.js").FileFacts} FileFacts */

/**
 * @param {State} state
 * @param {Session} session
 * @param {FileFacts} file
 * @param {"Created" | "Changed" | undefined} change what the newest run did to it
 */
export function fileRow(state, session, file, change) {
  const path = pathOf(file);
  const deletion = session.deletions.find((candidate) => pathOf(candidate.file) === path);
  if (deletion) return deletedRow(session, deletion, path);
  const name = shownName(file.fileName);
  const download = session.downloads.find((candidate) => candidate.path === path);
  const error = session.fileErrors.get(path);
  return html`<li class="file ${error ? "failed" : ""}" data-path=${path}>
    <span class="kind" aria-hidden="true">${kindOf(file.fileName)}</span>
    <button type="button" class="name" title=${name} @click=${() => openPreview(session, file)}><bdi>${name}</bdi></button>
    <span class="facts digits">${download ? received(download) : facts(file, change)}</span>
    ${
      download
        ? html`<button type="button" class="quiet" aria-label="Cancel the download of ${name}"
            @click=${() => cancelDownload(session, path)}>${icon("cancel")}</button>
            <progress max=${Math.max(1, download.size)} .value=${download.received} aria-label="Download of ${name}"></progress>`
        : menuButton(state, {
            key: `file ${path}`,
            label: `More for ${name}`,
            items: () => itemsOf(state, session, file),
          })
    }
    ${error ? errorOf(session, file, error) : nothing}
  </li>`;
}

/**
 * @param {FileFacts} file
 * @param {"Created" | "Changed" | undefined} change
 */
function facts({ size, lastModifiedTime }, change) {
  const mark = change ? html`<b>${change === "Created" ? "new" : "changed"}</b> · ` : nothing;
  if (!lastModifiedTime) return html`${mark}${sizeText(size)}`;
  return html`${mark}${sizeText(size)} ·
    <time datetime=${lastModifiedTime} title=${exactTime(lastModifiedTime)}>${timeOfFile(lastModifiedTime)}</time>`;
}

/** @param {import("../../state/types.js").Download} download */
function received({ received, size }) {
  return `${sizeText(received)} of ${sizeText(size)}`;
}

/**
 * @param {State} state
 * @param {Session} session
 * @param {FileFacts} file
 * @returns {import("../controls/action_menu.js").Item[]}
 */
function itemsOf(state, session, file) {
  return [
    { label: "Preview", onSelect: () => openPreview(session, file) },
    { label: "Download", onSelect: () => downloadFile(session, file) },
    { label: "Create link …", onSelect: () => openCopyDialog("share-file", session, { file }) },
    {
      label: "Export to storage …",
      onSelect: () => openCopyDialog("export-file", session, { file }),
      refusal: whyNotStored(state),
    },
    { label: "Copy path", onSelect: () => copyText(`/mnt/data/${pathOf(file)}`) },
    { label: "Add code that reads it", onSelect: () => addReadingCode(session, file) },
    { label: "Delete", isDangerous: true, isDivided: true, onSelect: () => remove(session, file) },
  ];
}

/**
 * @param {Session} session
 * @param {FileFacts} file
 */
function remove(session, file) {
  deleteFile(session, file);
  focusNext(`${selectorOf(pathOf(file))} .undo`);
}

/** @param {string} path */
function selectorOf(path) {
  return `[data-path="${CSS.escape(path)}"]`;
}

/**
 * @param {Session} session
 * @param {import("../../state/types.js").Deletion} deletion
 * @param {string} path
 */
function deletedRow(session, { file, dueAt, status }, path) {
  const name = shownName(file.fileName);
  const seconds = Math.max(0, Math.ceil((dueAt - Date.now()) / 1000));
  return html`<li class="file deleted" data-path=${path}>
    <span class="kind" aria-hidden="true">${kindOf(file.fileName)}</span>
    <span class="name" title=${name}><bdi>${name}</bdi></span>
    <span class="facts digits">${status === "pending" ? `Deleting in ${seconds} s` : "Deleting"}</span>
    ${
      status === "pending"
        ? html`<button type="button" class="quiet undo" aria-label="Undo the deletion of ${name}" @click=${() => undo(session, path)}>Undo</button>`
        : nothing
    }
  </li>`;
}

/**
 * @param {Session} session
 * @param {string} path
 */
function undo(session, path) {
  undoDeletion(session, path);
  focusNext(`${selectorOf(path)} .name`);
}

/**
 * @param {Session} session
 * @param {FileFacts} file
 * @param {import("../../api/client.js").ApiError} error
 */
function errorOf(session, file, error) {
  return html`<div class="file-error" role="alert">
    <p>${error.message}</p>
    <button type="button" class="quiet" @click=${() => update(() => setFileError(session, file, null))}>Dismiss</button>
  </div>`;
}
