// Files that are saved on the user's machine. They are fetched, because a link could not send the key.
import { ApiError, send } from "../../api/client.js";
import { LARGEST_BODY } from "../../api/operations.js";
import { pathOf } from "../../content/names.js";
import { noteUse } from "../lifetime.js";
import { FILES, persistently } from "../retries.js";
import { saveBlob } from "../saving.js";
import { update } from "../store.js";
import { callFor, setFileError } from "./one_file.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {{write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>, close: () => Promise<void>, abort: () => Promise<void>}} Target */

const RANGE = 32 << 20;
/** Not for the end of a run, which could take an hour: the file says that the session is busy. */
const PATIENCE = { ...FILES, run: 4 };

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
  let isComplete = false;
  const fetchSome = async () => {
    const first = download.received;
    if (download.size > LARGEST_BODY || first > 0) {
      const last = download.size > LARGEST_BODY ? first + RANGE - 1 : "";
      call.headers = { Range: `bytes=${first}-${last}`, ...(etag ? { "If-Range": etag } : {}) };
    }
    const { status, headers, stream } = await send(call, { as: "stream", signal }).catch((failure) => {
      throw failure.status === 413 && first > 0 ? changed(file) : failure;
    });
    if (first > 0 && status !== 206) throw changed(file);
    etag = headers.get("ETag") ?? "";
    const total = /\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1];
    if (total) download.size = Number(total);
    if (stream) await copy(stream, target, download, etag !== "");
    isComplete = status !== 206 || download.received >= download.size;
  };
  while (!isComplete) await persistently(fetchSome, { signal, patience: PATIENCE });
}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @param {Target} target
 * @param {import("../types.js").Download} download
 * @param {boolean} hasVersion whether the rest can be fetched if the stream breaks off: it might be that of another file
 */
async function copy(stream, target, download, hasVersion) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((failure) => {
      if (failure.name === "AbortError") throw failure;
      const message = "The download broke off. Check the connection, and try again.";
      throw new ApiError(message, { status: hasVersion ? 0 : 412 });
    });
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
