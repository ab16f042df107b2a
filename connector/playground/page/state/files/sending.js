// How one file is sent: in one request, or in chunks, and again after what passes.
import { ApiError } from "../../api/client.js";
import { LARGEST_BODY } from "../../api/operations.js";
import { beginUpload, getUpload, sendChunk, sendFile } from "../../api/uploads.js";
import { adoptId } from "../lifetime.js";
import { persistently } from "../retries.js";
import { update } from "../store.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").Transfer} Transfer */

/** From here on in chunks: a lost connection then costs one chunk, not all of the file. */
const CHUNKED_FROM = 32 << 20;
const FIRST_CHUNK = 8 << 20;
const SMALLEST_CHUNK = 1 << 20;
const SECONDS_PER_CHUNK = 12;

/** @type {WeakMap<Transfer, {time: number, sent: number}>} when the speed was last measured */
const measured = new WeakMap();
let canChunk = true;

/**
 * Sends the file of a transfer; its progress is in the transfer.
 * @param {Session} session
 * @param {Transfer} transfer
 * @param {import("../../api/client.js").Call} call PutFile
 * @param {AbortSignal} signal
 * @returns {Promise<any>} the response
 * @throws {ApiError}; AbortError if it was stopped
 */
export async function sendTransfer(session, transfer, call, signal) {
  if (transfer.file.size >= CHUNKED_FROM && (canChunk || transfer.file.size > LARGEST_BODY)) {
    try {
      return await sentInChunks(session, transfer, call, signal);
    } catch (failure) {
      if (!(failure instanceof ApiError) || !failure.message.includes("SIGNING_KEY")) throw failure;
      canChunk = false;
      if (transfer.file.size > LARGEST_BODY)
        throw new ApiError(
          "The connector takes files above 100 MB only with its setting SIGNING_KEY. Set it to a secret of at least " +
            "32 characters, and try again; or compress the file.",
          failure,
        );
    }
  }
  return await persist(transfer, signal, async () => {
    const onProgress = (/** @type {number} */ bytes) => showProgress(transfer, bytes);
    return (await sendFile(call, { signal, onProgress })).json;
  });
}

/**
 * @param {Session} session
 * @param {Transfer} transfer
 * @param {import("../../api/client.js").Call} call
 * @param {AbortSignal} signal
 * @returns {Promise<any>} the response
 */
async function sentInChunks(session, transfer, call, signal) {
  for (let beginnings = 0; ; beginnings += 1) {
    try {
      return await sentFromToken(session, transfer, call, signal);
    } catch (failure) {
      const isLost = failure instanceof ApiError && failure.code === "UploadNotFound";
      if (!isLost || beginnings > 0) throw failure;
      transfer.token = null; // it has expired, or its session has ended
    }
  }
}

/**
 * @param {Session} session
 * @param {Transfer} transfer
 * @param {import("../../api/client.js").Call} call
 * @param {AbortSignal} signal
 * @returns {Promise<any>} the response
 */
async function sentFromToken(session, transfer, call, signal) {
  const { file } = transfer;
  let progress = await persist(transfer, signal, async () => {
    if (transfer.token) return await getUpload(transfer.token, signal);
    // Not stopped by the signal: if its response were lost, nobody could cancel the upload.
    const begun = await beginUpload(call, file.size);
    transfer.token = begun.token;
    adoptId(session, begun.json.sessionId);
    signal.throwIfAborted();
    return begun;
  });
  const token = progress.token;
  let chunkSize = Math.min(FIRST_CHUNK, progress.chunkSize);
  while (progress.json.files.length === 0) {
    progress = await persist(transfer, signal, async (tries) => {
      const known = tries === 0 ? progress : await getUpload(token, signal); // some of the chunk may have arrived
      if (known.json.files.length > 0) return known;
      showProgress(transfer, known.received);
      const onProgress = (/** @type {number} */ bytes) => showProgress(transfer, known.received + bytes);
      return await sendChunk(token, file, known.received, chunkSize, { signal, onProgress });
    });
    const fitting = transfer.bytesPerSecond * SECONDS_PER_CHUNK;
    if (fitting > 0) chunkSize = Math.max(SMALLEST_CHUNK, Math.min(fitting, progress.chunkSize)) | 0;
  }
  return progress.json;
}

/**
 * @template T
 * @param {Transfer} transfer
 * @param {AbortSignal} signal
 * @param {(tries: number) => Promise<T>} action
 * @returns {Promise<T>}
 */
async function persist(transfer, signal, action) {
  return await persistently(
    async (tries) => {
      try {
        return await action(tries);
      } catch (failure) {
        if (failure instanceof ApiError && failure.status === 0) await checkReadable(transfer.file);
        throw failure;
      }
    },
    {
      signal,
      onWait: (obstacle) =>
        update(() => {
          transfer.waitsFor = obstacle;
          transfer.bytesPerSecond = 0;
        }),
    },
  );
}

/**
 * @param {File} file
 * @throws {ApiError} if it cannot be read: browsers report that as a lost connection
 */
async function checkReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new ApiError("This file cannot be read: it was changed, moved or deleted. Choose it again.", { status: 400 });
  }
}

/**
 * @param {Transfer} transfer
 * @param {number} sent
 */
function showProgress(transfer, sent) {
  const now = performance.now();
  const before = measured.get(transfer);
  update(() => {
    transfer.sent = Math.min(sent, transfer.file.size);
    if (before && sent >= before.sent && now - before.time < 500) return;
    if (before && sent > before.sent) {
      const speed = ((sent - before.sent) * 1000) / (now - before.time);
      transfer.bytesPerSecond = transfer.bytesPerSecond ? 0.6 * transfer.bytesPerSecond + 0.4 * speed : speed;
    }
    measured.set(transfer, { time: now, sent });
  });
}
