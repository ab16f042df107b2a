// Files that are saved on the user's machine. They are fetched, because a link could not send the key.
import { ApiError, send } from "../../api/client.js";
import { pathOf } from "../../content/names.js";
import { noteUse } from "../sessions/sessions.js";
import { update } from "../store.js";
import { callFor, setFileError } from "./files.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {{write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>, close: () => Promise<void>, abort: () => Promise<void>}} Target */

/** Above this, the connector returns ranges of a file alone. */
const LARGEST_BODY = 100_000_000;
const RANGE = 32 << 20;
const MOST_TRIES = 4;

/** @type {Map<string, AbortController>} by session and path */
const running = new Map();

/**
 * Saves a file. What goes wrong is in `session.fileErrors`.
 * @param {Session} session
 * @param {{fileName: string, folder: string, size?: number}} file
 */
export async function downloadFile(session, file) {
  const path = pathOf(file);
  const id = `${session.key} ${path}`;
  if (running.has(id)) return;
  const size = file.size ?? session.files.find((other) => pathOf(other) === path)?.size ?? 0;
  const canceling = new AbortController();
  running.set(id, canceling);
  const download = { path, received: 0, size };
  update(() => {
    setFileError(session, file, null);
    session.downloads.push(download);
  });
  try {
    const target = await targetFor(file.fileName, size);
    if (target === null) return;
    try {
      await fetchInto(target, session, file, download, canceling.signal);
      await target.close();
    } catch (failure) {
      await target.abort();
      throw failure;
    }
    update(() => {
      session.lastCall = callFor(session, "DownloadFile", file);
      noteUse(session);
    });
  } catch (failure) {
    if (canceling.signal.aborted) return;
    if (!(failure instanceof ApiError)) throw failure;
    update(() => setFileError(session, file, failure));
  } finally {
    running.delete(id);
    update(() => {
      session.downloads = session.downloads.filter((other) => other !== download);
    });
  }
}

/**
 * @param {Session} session
 * @param {string} path of a file that is being saved
 */
export function cancelDownload(session, path) {
  running.get(`${session.key} ${path}`)?.abort();
}

/**
 * @param {Target} target
 * @param {Session} session
 * @param {{fileName: string, folder: string}} file
 * @param {import("../types.js").Download} download
 * @param {AbortSignal} signal
 */
async function fetchInto(target, session, file, download, signal) {
  const call = callFor(session, "DownloadFile", file);
  let etag = "";
  for (let tries = 0; ; ) {
    const isPart = download.size > LARGEST_BODY || download.received > 0;
    if (isPart) {
      const last = download.size > LARGEST_BODY ? download.received + RANGE - 1 : "";
      call.headers = { Range: `bytes=${download.received}-${last}`, ...(etag ? { "If-Range": etag } : {}) };
    }
    const before = download.received;
    try {
      const { status, headers, stream } = await send(call, { as: "stream", signal });
      if (before > 0 && status !== 206) throw changed(file);
      etag = headers.get("ETag") ?? "";
      const total = /\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1];
      if (total) download.size = Number(total);
      if (stream) await copy(stream, target, download);
      const isComplete = status !== 206 || download.received >= download.size;
      if (isComplete) return;
      tries = 0;
    } catch (failure) {
      if (signal.aborted) throw failure;
      if (failure instanceof ApiError && failure.status === 413 && before > 0) throw changed(file);
      const isLost = !(failure instanceof ApiError) || failure.status === 0 || failure.status === 429;
      tries += 1;
      // Without the version of the file, what comes after a break may be of another.
      if (!isLost || tries >= MOST_TRIES || (download.received > 0 && !etag)) throw asError(failure);
      const seconds = (failure instanceof ApiError && failure.retryAfterSeconds) || tries;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      signal.throwIfAborted();
    }
  }
}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @param {Target} target
 * @param {import("../types.js").Download} download
 */
async function copy(stream, target, download) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    await target.write(value);
    update(() => {
      download.received += value.length;
    });
  }
}

/** @param {{fileName: string}} file */
function changed({ fileName }) {
  return new ApiError(`${fileName} was changed while it was downloaded. Download it again.`, { status: 412 });
}

/** @param {unknown} failure */
function asError(failure) {
  if (failure instanceof ApiError) return failure;
  return new ApiError("The download broke off. Check the connection, and try again.");
}

/**
 * @param {string} fileName
 * @param {number} size
 * @returns {Promise<Target | null>} null if the user does not want it after all
 */
async function targetFor(fileName, size) {
  const picker = /** @type {any} */ (window).showSaveFilePicker;
  if (size > LARGEST_BODY && picker) {
    try {
      return await (await picker({ suggestedName: fileName })).createWritable();
    } catch (failure) {
      if (failure instanceof DOMException && failure.name === "AbortError") return null;
      // Such as a name that the file system refuses: saved as downloads are, then.
    }
  }
  return inMemory(fileName);
}

/**
 * @param {string} fileName
 * @returns {Target} what keeps the bytes until they can be saved
 */
function inMemory(fileName) {
  /** @type {Blob[]} */
  let pieces = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  let recent = [];
  let length = 0;
  return {
    async write(bytes) {
      recent.push(bytes);
      length += bytes.length;
      if (length < RANGE) return;
      pieces.push(new Blob(recent)); // which browsers may move to the disk
      recent = [];
      length = 0;
    },
    async close() {
      saveBlob(new Blob([...pieces, ...recent], { type: "application/octet-stream" }), fileName);
    },
    async abort() {
      pieces = [];
      recent = [];
    },
  };
}

/**
 * Saves bytes under a name. Its type is not that of a document, so that nothing opens it on this page's origin.
 * @param {Blob} blob
 * @param {string} fileName
 */
export function saveBlob(blob, fileName) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
