// The pane Files: what the session has, what is on its way there, and where files are dropped or chosen.

import { fileGroups } from "../../content/file_groups.js";
import { pathOf, shownName } from "../../content/names.js";
import { count, counted, size as sizeText } from "../../format.js";
import { html, live, nothing, repeat } from "../../libraries/lit-html.js";
import { openCopyDialog } from "../../state/copy_dialog.js";
import {
  filterFiles,
  markDropTarget,
  showMoreFiles,
  sortFiles,
  toggleFolder,
  uploadDropped,
  uploadFromChooser,
} from "../../state/files/files_view.js";
import { listMoreFiles, refreshFiles } from "../../state/files/listing.js";
import { menuButton } from "../controls/action_menu.js";
import { icon } from "../controls/icons.js";
import { fileRow } from "./file_row.js";
import { transferList } from "./transfers.js";

const FILES_WITHOUT_FILTER = 10;

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */

/**
 * @param {State} state
 * @param {Session} session
 */
export function filesPane(state, session) {
  return html`<section id="files" class="pane ${state.filesView.isDropTarget ? "drop-target" : ""}"
    aria-labelledby="files-heading"
    @dragenter=${dragged} @dragover=${dragged} @dragleave=${left}
    @drop=${(/** @type {DragEvent} */ event) => dropped(event, session)}>
    <div class="pane-head">
      <h2 id="files-heading">Files</h2>
      <span class="files-facts digits">${facts(session)}</span>
      <span class="spacer"></span>
      <button type="button" class="quiet" aria-label="Import by address" title="Import by address"
        @click=${() => openCopyDialog("import-file", session)}>${icon("link")}</button>
      <button type="button" class="quiet" aria-label="Upload files" title="Upload files" @click=${() => choose("files-chooser")}>
        ${icon("upload")}
      </button>
      ${menuButton(state, { key: "files", label: "More for files", items: () => paneItems(state, session) })}
    </div>
    <div class="pane-body" aria-busy=${session.filesAreLoading}>
      ${filterBox(state, session)} ${listError(session)} ${transferList(session)} ${fileList(state, session)}
      <div class="drop-zone">
        <p>${emptySentence(session)}<span class="by-mouse">Drop files or a folder here, or choose
          <button type="button" class="link" @click=${() => choose("files-chooser")}>files</button> or
          <button type="button" class="link" @click=${() => choose("folder-chooser")}>a folder</button>.</span>
          <button type="button" class="button by-touch" @click=${() => choose("files-chooser")}>${icon("upload")}Choose files</button>
          Code finds them in <code>/mnt/data</code>.</p>
      </div>
    </div>
    <input type="file" id="files-chooser" aria-label="Files to upload" tabindex="-1" multiple hidden
      @change=${(/** @type {Event} */ event) => chosen(event, session)}>
    <input type="file" id="folder-chooser" aria-label="Folder to upload" tabindex="-1" webkitdirectory hidden
      @change=${(/** @type {Event} */ event) => chosen(event, session)}>
    <p class="drop-notice" aria-hidden="true">${icon("upload")} Drop to upload</p>
  </section>`;
}

/** @param {Session} session */
function facts({ files, filesToken }) {
  if (files.length === 0) return nothing;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  return `${count(files.length)}${filesToken === null ? "" : "+"} · ${sizeText(total)}`;
}

/** @param {Session} session */
function emptySentence({ files, transfers, imports, filesAreLoading }) {
  const isEmpty = files.length + transfers.length + imports.length === 0 && !filesAreLoading;
  return isEmpty ? html`<strong>No files yet.</strong> ` : nothing;
}

/**
 * @param {State} state
 * @param {Session} session
 * @returns {import("../controls/action_menu.js").Item[]}
 */
function paneItems({ filesView }, session) {
  /** @type {["name" | "newest" | "largest", string][]} */
  const orders = [
    ["name", "Sort by name"],
    ["newest", "Newest first"],
    ["largest", "Largest first"],
  ];
  return [
    { label: "Upload files", onSelect: () => choose("files-chooser") },
    { label: "Upload a folder", onSelect: () => choose("folder-chooser") },
    { label: "Import by address …", onSelect: () => openCopyDialog("import-file", session) },
    { label: "Refresh", onSelect: () => refreshFiles(session, { isAsked: true }) },
    ...orders.map(([sort, label], index) => ({
      label,
      isChecked: filesView.sort === sort,
      isDivided: index === 0,
      onSelect: () => sortFiles(sort),
    })),
  ];
}

/**
 * @param {State} state
 * @param {Session} session
 */
function filterBox({ filesView }, { files }) {
  if (files.length <= FILES_WITHOUT_FILTER && filesView.filter === "") return nothing;
  return html`<div class="filter">
    <input type="text" aria-label="Filter files" placeholder="Filter" autocomplete="off" spellcheck="false"
      .value=${live(filesView.filter)}
      @input=${(/** @type {Event} */ { target }) => filterFiles(/** @type {HTMLInputElement} */ (target).value)}>
  </div>`;
}

/** @param {Session} session */
function listError(session) {
  if (!session.filesError) return nothing;
  return html`<div class="file-error" role="alert">
    <p>${session.filesError.message}</p>
    <button type="button" class="quiet" @click=${() => refreshFiles(session)}>List again</button>
  </div>`;
}

/**
 * @param {State} state
 * @param {Session} session
 */
function fileList(state, session) {
  const { groups, found, shown } = fileGroups(session.files, state.filesView);
  const changes = new Map(session.runs.at(-1)?.execution?.files.map((file) => [pathOf(file), file.change]));
  const rows = (/** @type {import("../../content/file_groups.js").Group} */ { files }) =>
    repeat(files, pathOf, (file) => fileRow(state, session, file, changes.get(pathOf(file))));
  return html`
    <ul class="file-list" aria-label="Files of the session" tabindex="-1" data-focus-home>
      ${repeat(
        groups,
        ({ folder }) => folder,
        (group) => (group.folder === "" ? rows(group) : folderRow(group, rows(group))),
      )}
    </ul>
    ${found === 0 && session.files.length > 0 ? html`<p class="more-files muted">No file name contains this.</p>` : nothing}
    ${moreFiles(session, found - shown)}
  `;
}

/**
 * @param {import("../../content/file_groups.js").Group} group
 * @param {unknown} rows
 */
function folderRow({ folder, files, count: all, size }, rows) {
  const isOpen = files.length > 0;
  return html`<li class="folder">
    <button type="button" aria-expanded=${isOpen} title=${shownName(folder)} @click=${() => toggleFolder(folder)}>
      ${icon("chevron")}<bdi>${shownName(folder)}</bdi>
      <span class="muted digits">${counted(all, "file")} · ${sizeText(size)}</span>
    </button>
    ${isOpen ? html`<ul aria-label=${`Files in ${shownName(folder)}`}>${rows}</ul>` : nothing}
  </li>`;
}

/**
 * @param {Session} session
 * @param {number} hidden how many files are known, and not shown
 */
function moreFiles(session, hidden) {
  if (hidden > 0)
    return html`<p class="more-files"><button type="button" class="quiet" @click=${showMoreFiles}>Show more of ${count(hidden)} others</button></p>`;
  if (session.filesToken === null) return nothing;
  return html`<p class="more-files"><button type="button" class="quiet" ?disabled=${session.filesAreLoading}
    @click=${() => listMoreFiles(session)}>List more files</button></p>`;
}

/** @param {string} id of the browser's dialog */
function choose(id) {
  document.getElementById(id)?.click();
}

/**
 * @param {Event} event
 * @param {Session} session
 */
function chosen({ currentTarget }, session) {
  const input = /** @type {HTMLInputElement} */ (currentTarget);
  void uploadFromChooser(session, [...(input.files ?? [])]);
  input.value = ""; // so that the same file can be chosen again
}

/** @param {DragEvent} event */
function dragged(event) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  markDropTarget(true);
}

/** @param {DragEvent} event */
function left({ currentTarget, relatedTarget }) {
  const isInside = relatedTarget instanceof Node && /** @type {Element} */ (currentTarget).contains(relatedTarget);
  if (!isInside) markDropTarget(false);
}

/**
 * @param {DragEvent} event
 * @param {Session} session
 */
function dropped(event, session) {
  markDropTarget(false);
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  void uploadDropped(session, event.dataTransfer);
}
