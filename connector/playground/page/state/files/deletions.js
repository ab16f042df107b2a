// Files that are deleted: the call is sent some seconds later, so that it can be undone until then.
import { ApiError, send } from "../../api/client.js";
import { timeOf } from "../../content/file_groups.js";
import { pathOf } from "../../content/names.js";
import { noteUse } from "../lifetime.js";
import { persistently } from "../retries.js";
import { announce, state, update } from "../store.js";
import { callFor, setFileError } from "./one_file.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").Deletion} Deletion */
/** @typedef {import("../../api/models.js").FileFacts} FileFacts */

const SECONDS_TO_UNDO = 7;
const SAME_MILLISECONDS = 2000; // because lists may have other fractions of a time than the response to an upload
const LONGEST_DELAY_MILLISECONDS = 3000; // of what waits for deletions

/** @type {WeakMap<Deletion, ReturnType<typeof setTimeout>>} */
const timers = new WeakMap();

/** Sends the deletions that are pending when the page is left. */
export function watchDeletions() {
  addEventListener("pagehide", () => {
    for (const session of state.sessions) {
      for (const deletion of session.deletions.filter(({ status }) => status === "pending")) {
        clearTimeout(timers.get(deletion));
        if (session.id !== null)
          send(callFor(session, "DeleteFile", deletion.file), { keepalive: true }).catch(() => {});
        update(() => settle(session, deletion));
      }
    }
  });
}

/**
 * Deletes a file some seconds from now.
 * @param {Session} session
 * @param {FileFacts} file
 */
export function deleteFile(session, file) {
  /** @type {Deletion} */
  const deletion = { file, dueAt: Date.now() + SECONDS_TO_UNDO * 1000, status: "pending" };
  update(() => {
    forgetDeletion(session, pathOf(file));
    setFileError(session, file, null);
    session.deletions.push(deletion);
  });
  timers.set(
    deletion,
    setTimeout(() => perform(session, deletion), SECONDS_TO_UNDO * 1000),
  );
  countDown();
  announce(`${file.fileName} will be deleted in ${SECONDS_TO_UNDO} seconds. Until then, you can undo this.`);
}

/**
 * @param {Session} session
 * @param {string} path of a file that is not deleted after all
 */
export function undoDeletion(session, path) {
  update(() => forgetDeletion(session, path));
  announce("The file is kept.");
}

/**
 * Deletes at once what is about to be deleted, for what is to see the session as the page shows it.
 * @param {Session} session
 */
export async function performDeletions(session) {
  const pending = session.deletions.filter(({ status }) => status === "pending");
  if (pending.length === 0) return;
  const patience = new Promise((resolve) => setTimeout(resolve, LONGEST_DELAY_MILLISECONDS));
  await Promise.race([Promise.all(pending.map((deletion) => perform(session, deletion))), patience]);
}

/**
 * Inside of `update`: the file is not deleted, for example because another has its name now.
 * @param {Session} session
 * @param {string} path
 */
export function forgetDeletion(session, path) {
  session.deletions = session.deletions.filter((deletion) => {
    if (pathOf(deletion.file) !== path || deletion.status !== "pending") return true;
    clearTimeout(timers.get(deletion));
    return false;
  });
}

/**
 * Inside of `update`, after the files were listed: those that were written again since are kept.
 * @param {Session} session
 */
export function keepDeletions(session) {
  const files = new Map(session.files.map((file) => [pathOf(file), file]));
  for (const { file } of [...session.deletions]) {
    const found = files.get(pathOf(file));
    if (!found || found.size !== file.size || Math.abs(timeOf(found) - timeOf(file)) > SAME_MILLISECONDS)
      forgetDeletion(session, pathOf(file));
  }
}

/**
 * @param {Session} session
 * @param {Deletion} deletion
 */
async function perform(session, deletion) {
  clearTimeout(timers.get(deletion));
  if (deletion.status !== "pending" || !session.deletions.includes(deletion)) return;
  const call = callFor(session, "DeleteFile", deletion.file);
  update(() => {
    deletion.status = "sending";
  });
  /** @type {ApiError | null} */
  let refusal = null;
  try {
    await persistently(() => send(call), { signal: new AbortController().signal });
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    if (failure.code !== "FileNotFound") refusal = failure; // code may have deleted it meanwhile
  }
  update(() => {
    if (refusal) {
      session.deletions = session.deletions.filter((other) => other !== deletion);
      setFileError(session, deletion.file, refusal);
      return;
    }
    settle(session, deletion);
    session.lastCall = call;
    noteUse(session);
  });
}

/**
 * @param {Session} session
 * @param {Deletion} deletion that was performed
 */
function settle(session, deletion) {
  const path = pathOf(deletion.file);
  session.deletions = session.deletions.filter((other) => other !== deletion);
  session.files = session.files.filter((file) => pathOf(file) !== path);
  session.sources.delete(path);
}

let isCounting = false;

/** Renders the seconds that are left, while there are any. */
function countDown() {
  if (isCounting) return;
  isCounting = true;
  const timer = setInterval(() => {
    isCounting = state.sessions.some(({ deletions }) => deletions.some(({ status }) => status === "pending"));
    if (isCounting) update();
    else clearInterval(timer);
  }, 1000);
}
