// Sends files: by XMLHttpRequest, because fetch reports no progress of what it sends; and the protocol of chunked
// uploads. Knows no state of the page.
import { addressOf, errorOf, noAnswer, send, withCredential } from "./client.js";
import { credentialHeaders } from "./credentials.js";
import { OPERATIONS } from "./operations.js";

/** @typedef {import("./client.js").Call} Call */
/** @typedef {import("./client.js").Answer} Answer */
/** @typedef {{signal: AbortSignal, onProgress: (sent: number) => void}} Sending */

/**
 * Sends a call whose body is a file.
 * @param {Call} call
 * @param {Sending} sending onProgress gets the bytes of the body that were sent so far
 * @returns {Promise<Answer>}
 * @throws {import("./client.js").ApiError}; AbortError if it was aborted
 */
export async function sendFile(call, sending) {
  return await withCredential(() => sendFileOnce(call, sending));
}

/**
 * @param {Call} call
 * @param {Sending} sending
 * @returns {Promise<Answer>}
 */
function sendFileOnce(call, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort);
    request.open(OPERATIONS[call.operationId].method, addressOf(call));
    const headers = { "Content-Type": "application/octet-stream", ...credentialHeaders(), ...call.headers };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onloadend = () => {
      signal.removeEventListener("abort", abort);
      const returned = headersOf(request);
      if (signal.aborted) reject(signal.reason);
      else if (request.status === 0) reject(noAnswer());
      else if (request.status >= 300) reject(errorOf(request.status, returned, request.responseText));
      else {
        const json = jsonOf(request.responseText);
        if (json === undefined) reject(noAnswer());
        else resolve({ status: request.status, headers: returned, json, blob: null, stream: null });
      }
    };
    request.send(call.file);
  });
}

/**
 * @param {string} text
 * @returns {any} null if it is empty, and undefined if it is not JSON, which comes from something before the connector
 */
function jsonOf(text) {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {XMLHttpRequest} request
 * @returns {Headers} of its response
 */
function headersOf(request) {
  const headers = new Headers();
  for (const name of ["x-ms-error-code", "x-ms-request-id", "Retry-After", "Range", "x-ms-chunk-size"]) {
    const value = request.getResponseHeader(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

/**
 * @typedef {Object} Progress of a chunked upload
 * @property {string} token what the upload's address has
 * @property {number} received bytes
 * @property {number} chunkSize bytes, as the connector recommends
 * @property {any} json the response, which has the file once it is complete
 */

/**
 * @param {Call} call PutFile
 * @param {number} size bytes of the complete file
 * @returns {Promise<Progress>}
 * @throws {import("./client.js").ApiError}
 */
export async function beginUpload(call, size) {
  const headers = { ...call.headers, "x-ms-transfer-mode": "chunked", "x-ms-content-length": String(size) };
  const answer = await send({ ...call, headers, file: undefined });
  // The app's public address may be another than the one of this page, which the page may not call.
  const location = new URL(answer.headers.get("Location") ?? "", document.baseURI);
  return progressOf(location.searchParams.get("token") ?? "", answer);
}

/**
 * @param {string} token
 * @param {File} file
 * @param {number} first the byte to begin with
 * @param {number} chunkSize
 * @param {Sending} sending
 * @returns {Promise<Progress>}
 * @throws {import("./client.js").ApiError}; AbortError if it was aborted
 */
export async function sendChunk(token, file, first, chunkSize, sending) {
  const end = Math.min(first + chunkSize, file.size);
  const headers = { "Content-Range": `bytes=${first}-${end - 1}/${file.size}` };
  const call = { operationId: "PatchUpload", parameters: { token }, headers, file: file.slice(first, end) };
  return progressOf(token, await sendFile(call, sending));
}

/**
 * @param {string} token
 * @param {AbortSignal} signal
 * @returns {Promise<Progress>}
 * @throws {import("./client.js").ApiError}; AbortError if it was aborted
 */
export async function getUpload(token, signal) {
  return progressOf(token, await send({ operationId: "GetUpload", parameters: { token } }, { signal }));
}

/**
 * @param {string} token
 * @param {boolean} [keepalive] whether it is sent even if the page is closed now
 * @throws {import("./client.js").ApiError}
 */
export async function cancelUpload(token, keepalive = false) {
  await send({ operationId: "CancelUpload", parameters: { token } }, { keepalive });
}

/**
 * @param {string} token
 * @param {Answer} answer
 * @returns {Progress}
 */
function progressOf(token, { headers, json }) {
  const last = /^bytes=0-(\d+)$/.exec(headers.get("Range") ?? "")?.[1];
  const received = last === undefined ? 0 : Number(last) + 1;
  return { token, received, chunkSize: Number(headers.get("x-ms-chunk-size")) || 8_000_000, json };
}
