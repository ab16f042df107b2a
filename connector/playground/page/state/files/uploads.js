// Files on their way into sessions: a queue of transfers, of which a few are sent at a time.
import { ApiError } from "../../api/client.js";
import { cancelUpload } from "../../api/uploads.js";
import { betterName, pathOf } from "../../content/names.js";
import { adoptId, noteUse } from "../lifetime.js";
import { announce, state, subscribe, update } from "../store.js";
import { forgetDeletion } from "./deletions.js";
import { refreshFiles } from "./listing.js";
import { showFile } from "./one_file.js";
import { sendTransfer } from "./sending.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").Transfer} Transfer */

const MOST_AT_ONCE = 3;

/** @type {Map<string, AbortController>} by the key of a transfer that is being sent */
const senders = new Map();
/** @type {Map<string, () => void>} what is called when a transfer has ended, by its key */
const endings = new Map();
let made = 0;

/** Starts what waits whenever something changes, such as a session that gets its ID; and ends uploads in chunks when the page is left. */
export function watchUploads() {
  subscribe(startNext);
  addEventListener("pagehide", () => {
    for (const { transfers } of state.sessions)
      for (const { token } of transfers) if (token) cancelUpload(token, true).catch(() => {});
  });
}

/**
 * Uploads files. Those that fail stay in `session.transfers`, with the reason.
 * @param {Session} session
 * @param {{file: File, folder: string, fileName?: string}[]} items
 * @returns {Promise<void>} when all have ended, one way or the other
 */
export async function uploadFiles(session, items) {
  const ends = items.map(({ file, folder, fileName = file.name }) => {
    made += 1;
    /** @type {Transfer} */
    const transfer = {
      key: `transfer-${made}`,
      file,
      fileName,
      folder,
      status: "waiting",
      waitsFor: null,
      sent: 0,
      bytesPerSecond: 0,
      token: null,
      error: null,
      betterName: null,
    };
    update(() => session.transfers.push(transfer));
    return new Promise((resolve) => endings.set(transfer.key, () => resolve(undefined)));
  });
  startNext();
  await Promise.all(ends);
}

/**
 * @param {Session} session
 * @returns {boolean} whether an upload or an import is creating the session: until it has its ID, another call would create another
 */
export function isBeingCreated(session) {
  return (
    session.id === null &&
    (session.transfers.some(({ status }) => status === "sending") ||
      session.imports.some(({ status }) => status === "copying"))
  );
}

/**
 * Stops an upload, and removes what has arrived of it; or forgets one that failed.
 * @param {Session} session
 * @param {Transfer} transfer
 */
export function cancelTransfer(session, transfer) {
  const sender = senders.get(transfer.key);
  if (sender) sender.abort();
  else if (transfer.token) cancelUpload(transfer.token).catch(() => {}); // it expires anyway
  remove(session, transfer);
}

/** @param {Session} session whose uploads are all stopped; those that failed stay */
export function cancelAllTransfers(session) {
  for (const transfer of session.transfers.filter(({ status }) => status !== "failed"))
    cancelTransfer(session, transfer);
}

/**
 * Sends a file again that failed: one that was sent in chunks, from where it broke off.
 * @param {Session} session
 * @param {Transfer} transfer
 * @param {{fileName: string, folder: string}} [name] another name to send it under
 */
export function retryTransfer(session, transfer, name) {
  update(() => {
    Object.assign(transfer, { status: "waiting", error: null, betterName: null, ...name });
    if (!session.transfers.includes(transfer)) session.transfers.push(transfer);
  });
  startNext();
}

function startNext() {
  for (const session of state.sessions) {
    for (const transfer of session.transfers) {
      if (transfer.status !== "waiting") continue;
      if (senders.size >= MOST_AT_ONCE) return;
      if (isBeingCreated(session) || (session.id === null && session.runs.at(-1)?.status === "Sending")) break;
      void start(session, transfer);
    }
  }
}

/**
 * @param {Session} session
 * @param {Transfer} transfer
 */
async function start(session, transfer) {
  const sender = new AbortController();
  senders.set(transfer.key, sender);
  update(() => {
    Object.assign(transfer, { status: "sending", sent: 0, bytesPerSecond: 0 });
  });
  /** @type {import("../../api/client.js").Call} */
  const call = {
    operationId: "PutFile",
    parameters: { fileName: transfer.fileName },
    file: transfer.file,
  };
  if (transfer.folder) call.parameters = { ...call.parameters, folder: transfer.folder };
  if (session.id) call.parameters = { ...call.parameters, sessionId: session.id };
  try {
    const { sessionId, files } = await sendTransfer(session, transfer, call, sender.signal);
    adoptId(session, sessionId);
    noteUse(session);
    update(() => {
      session.lastCall = { ...call, parameters: { ...call.parameters, sessionId } };
      session.sources.set(pathOf(transfer), transfer.file);
      forgetDeletion(session, pathOf(transfer));
      showFile(session, files[0]);
    });
    transfer.token = null;
    remove(session, transfer);
    if (session.transfers.every(({ status }) => status === "failed"))
      announce(`${transfer.fileName} was uploaded. The session has ${session.files.length} files.`);
  } catch (failure) {
    if (sender.signal.aborted) await removed(session, transfer);
    else if (failure instanceof ApiError) fail(transfer, failure);
    else throw failure;
  } finally {
    senders.delete(transfer.key);
    endings.get(transfer.key)?.();
    endings.delete(transfer.key);
    startNext();
  }
}

/**
 * @param {Transfer} transfer
 * @param {ApiError} failure
 */
function fail(transfer, failure) {
  update(() => {
    Object.assign(transfer, { status: "failed", waitsFor: null, error: failure });
    if (failure.code === "InvalidFileName") transfer.betterName = betterName(transfer);
  });
  announce(`${transfer.fileName} was not uploaded. ${failure.message}`);
}

/**
 * After an upload was stopped: of its chunks, nothing is left; what was sent in one call may have arrived.
 * @param {Session} session
 * @param {Transfer} transfer
 */
async function removed(session, transfer) {
  if (transfer.token) await cancelUpload(transfer.token).catch(() => {});
  else if (transfer.sent >= transfer.file.size) await refreshFiles(session);
}

/**
 * @param {Session} session
 * @param {Transfer} transfer
 */
function remove(session, transfer) {
  update(() => {
    session.transfers = session.transfers.filter((other) => other !== transfer);
  });
  if (!senders.has(transfer.key)) {
    endings.get(transfer.key)?.();
    endings.delete(transfer.key);
  }
}
