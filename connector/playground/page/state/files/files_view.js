// How the files are shown, and where they come from besides the dialogs of the browser: drag and drop, and paste.
import { ApiError } from "../../api/client.js";
import { freeName, pathOf } from "../../content/names.js";
import { count } from "../../format.js";
import { currentSession, state, update } from "../store.js";
import { droppedFiles } from "./dropped_files.js";
import { uploadFiles } from "./uploads.js";

/** @typedef {import("../types.js").Session} Session */

const ROWS = 200;
const MOST_AT_ONCE = 1000;

/** @param {"name" | "newest" | "largest"} sort */
export function sortFiles(sort) {
  update(({ filesView }) => {
    filesView.sort = sort;
  });
}

/** @param {string} filter what the paths of the files that are shown contain */
export function filterFiles(filter) {
  update(({ filesView }) => {
    filesView.filter = filter;
    filesView.most = ROWS;
  });
}

/** Shows more rows of those that are known. */
export function showMoreFiles() {
  update(({ filesView }) => {
    filesView.most += ROWS;
  });
}

/** @param {string} folder that is closed if it is open, and opened if it is closed */
export function toggleFolder(folder) {
  update(({ filesView }) => {
    if (!filesView.closedFolders.delete(folder)) filesView.closedFolders.add(folder);
  });
}

/** @param {boolean} isDropTarget whether files are dragged over the pane */
export function markDropTarget(isDropTarget) {
  if (state.filesView.isDropTarget === isDropTarget) return;
  update(({ filesView }) => {
    filesView.isDropTarget = isDropTarget;
  });
}

/**
 * Uploads what was dropped; folders with all that is in them.
 * @param {Session} session
 * @param {DataTransfer} transfer
 */
export async function uploadDropped(session, transfer) {
  await uploadChosen(session, await droppedFiles(transfer, MOST_AT_ONCE));
}

/**
 * Uploads what was chosen in a dialog of the browser.
 * @param {Session} session
 * @param {Iterable<File>} files
 */
export async function uploadFromChooser(session, files) {
  const items = [...files].map((file) => ({ file, folder: file.webkitRelativePath.split("/").slice(0, -1).join("/") }));
  await uploadChosen(session, items);
}

/**
 * @param {Session} session
 * @param {{file: File, folder: string}[]} items
 */
async function uploadChosen(session, items) {
  if (items.length > MOST_AT_ONCE) {
    update(() => {
      session.filesError = new ApiError(
        `These are more than ${count(MOST_AT_ONCE)} files. Upload them as one zip file, and unpack it with code.`,
      );
    });
    return;
  }
  await uploadFiles(session, items);
}

/** Takes what is pasted; and what is dropped beside the pane, which would replace the page. */
export function watchDrops() {
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files") || event.defaultPrevented) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
  addEventListener("drop", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const hasText = event.clipboardData?.types.includes("text/plain");
    if (files.length === 0 || state.dialog !== null || (hasText && isEditable(event.target))) return;
    event.preventDefault();
    const session = currentSession();
    const taken = new Set([...session.files, ...session.transfers].map(pathOf));
    // Browsers call every copied image image.png: it is to replace none.
    const items = files.map((file) => {
      const fileName = freeName(file.name || "pasted", (name) => taken.has(name));
      taken.add(fileName);
      return { file, folder: "", fileName };
    });
    void uploadFiles(session, items);
  });
}

/** @param {EventTarget | null} target */
function isEditable(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
