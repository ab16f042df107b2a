// The dialogs that have a file or a workspace copied: one is open at a time. Closing it cancels the copy.
import { ApiError } from "../api/client.js";
import { copied, noProgress } from "./copying.js";
import { update } from "./store.js";

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").CopyDialog} CopyDialog */
/** @typedef {import("../api/client.js").Call} Call */
/** @typedef {"share-file" | "export-file" | "import-file" | "save-workspace" | "restore-workspace"} Name */

/** @type {AbortController | null} what cancels the copy under way */
let canceler = null;

/**
 * @param {Name} name
 * @param {Session} session
 * @param {{file?: CopyDialog["file"], request?: CopyDialog["request"]}} [about]
 */
export function openCopyDialog(name, session, { file = null, request = null } = {}) {
  canceler?.abort();
  canceler = null;
  update((state) => {
    state.dialog = name;
    state.copyDialog = {
      key: session.key,
      file,
      request,
      status: "asking",
      progress: noProgress(),
      result: null,
      error: null,
    };
  });
}

/** Closes the dialog, and cancels the copy if it has not ended. */
export function closeCopyDialog() {
  canceler?.abort();
  canceler = null;
  update((state) => {
    state.dialog = null;
    state.copyDialog = null;
  });
}

/** Cancels the copy under way; the dialog asks again. */
export function cancelCopying() {
  canceler?.abort();
}

/**
 * Has something copied, and shows how far that has come, its result, or why it failed.
 * @param {CopyDialog} dialog
 * @param {Call} call
 * @param {(result: any) => void} onResult is called inside of `update`
 */
export async function copyInDialog(dialog, call, onResult) {
  if (dialog.status === "copying") return;
  const controller = new AbortController();
  canceler = controller;
  const change = (/** @type {Partial<CopyDialog>} */ changes) => update(() => Object.assign(dialog, changes));
  change({ status: "copying", progress: noProgress(), error: null });
  try {
    const result = await copied(call, {
      signal: controller.signal,
      onProgress: (progress) => update(() => Object.assign(dialog.progress, progress)),
    });
    change({ status: "done", result });
    update(() => onResult(result));
  } catch (failure) {
    if (controller.signal.aborted) change({ status: "asking" });
    else if (failure instanceof ApiError) change({ status: "asking", error: failure });
    else throw failure;
  }
}
