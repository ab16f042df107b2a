// Calls operations of the connector. Knows no state of the page.
import { credentialHeaders, currentCredential } from "./credentials.js";
import { OPERATIONS } from "./operations.js";

/**
 * One call of an operation, as it is sent, and as "Use it elsewhere" shows it.
 * @typedef {Object} Call
 * @property {string} operationId
 * @property {Record<string, string | number | boolean>} [parameters] of path and query, by name
 * @property {Record<string, string>} [headers]
 * @property {Record<string, unknown>} [json] the body, if it is JSON
 * @property {Blob} [file] the body, if it is a file
 */

/**
 * What a call returned, in the form that was asked for.
 * @typedef {Object} Answer
 * @property {number} status
 * @property {Headers} headers
 * @property {any} json null if there is no body
 * @property {Blob | null} blob
 * @property {ReadableStream<Uint8Array<ArrayBuffer>> | null} stream of the body, which may break off
 */

/** A call that did not succeed. The message says what is wrong and what to do. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, code?: string, target?: string, requestId?: string, retryAfterSeconds?: number}} [facts]
   *   status is 0 if there was no response, and code is empty if it did not come from the connector itself
   */
  constructor(message, { status = 0, code = "", target = "", requestId = "", retryAfterSeconds = 0 } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.target = target;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** @type {(refusal: ApiError) => Promise<void>} */
let askForCredential = async (refusal) => {
  throw refusal;
};

/**
 * @param {(refusal: ApiError) => Promise<void>} ask is called when a call was refused with 401. The call is sent again
 *   when the promise resolves, and fails as the promise fails.
 */
export function onUnauthorized(ask) {
  askForCredential = ask;
}

/** @typedef {{isAnswered: boolean, hasSucceeded: boolean}} Outcome of a call: whether there was any response to it */

/** @type {(outcome: Outcome) => void} */
let noteOutcome = () => {};

/** @param {(outcome: Outcome) => void} listener is called after each call */
export function onOutcome(listener) {
  noteOutcome = listener;
}

/**
 * @param {Call} call
 * @returns {URL} its address
 */
export function addressOf(call) {
  const parameters = { ...call.parameters };
  const path = OPERATIONS[call.operationId].path.replace(/\{(\w+)\}/g, (_, name) => {
    const value = String(parameters[name]);
    delete parameters[name];
    return encodeURIComponent(value);
  });
  const address = new URL(path, new URL(".", document.baseURI));
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, String(value));
  return address;
}

/**
 * Sends a call.
 * @param {Call} call
 * @param {{signal?: AbortSignal, as?: "json" | "blob" | "stream", keepalive?: boolean}} [options]
 * @returns {Promise<Answer>}
 * @throws {ApiError} for a response that is no success, and if there is none; AbortError if it was aborted
 */
export async function send(call, options = {}) {
  return await withCredential(() => sendOnce(call, options));
}

/**
 * @template T
 * @param {() => Promise<T>} sendNow is called again when it was refused with 401 and there is another credential by now
 * @returns {Promise<T>}
 */
export async function withCredential(sendNow) {
  for (;;) {
    const used = currentCredential();
    try {
      const answer = await sendNow();
      noteOutcome({ isAnswered: true, hasSucceeded: true });
      return answer;
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      noteOutcome({ isAnswered: failure.status !== 0, hasSucceeded: false });
      if (failure.status !== 401) throw failure;
      // Somebody may have entered one for another call in the meantime.
      if (used === currentCredential()) await askForCredential(failure);
    }
  }
}

/**
 * Sends a call once, whatever the response is.
 * @param {Call} call
 * @param {{signal?: AbortSignal, as?: "json" | "blob" | "stream", keepalive?: boolean}} options
 * @returns {Promise<Answer>}
 */
export async function sendOnce(call, { signal, as = "json", keepalive = false }) {
  const headers = { ...credentialHeaders(), ...call.headers };
  if (call.json) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(addressOf(call), {
      method: OPERATIONS[call.operationId].method,
      headers,
      body: call.json ? JSON.stringify(call.json) : call.file,
      signal,
      keepalive,
      cache: "no-store",
      redirect: "error",
    });
    if (!response.ok) throw await errorOf(response.status, response.headers, await response.text());
    const answer = { status: response.status, headers: response.headers, json: null, blob: null, stream: null };
    if (as === "stream") return { ...answer, stream: response.body };
    if (as === "blob") return { ...answer, blob: await response.blob() };
    const text = await response.text();
    return { ...answer, json: text ? JSON.parse(text) : null };
  } catch (failure) {
    if (failure instanceof ApiError || (failure instanceof DOMException && failure.name === "AbortError"))
      throw failure;
    throw noAnswer();
  }
}

/**
 * @template T
 * @param {Promise<T>} loading of a library, by import()
 * @returns {Promise<T>}
 * @throws {ApiError} if it could not be loaded
 */
export async function loaded(loading) {
  try {
    return await loading;
  } catch {
    throw noAnswer();
  }
}

/** @returns {ApiError} for a call without a response */
export function noAnswer() {
  return new ApiError("The connector is not responding. Check the connection, and try again.");
}

/**
 * @param {number} status
 * @param {Headers} headers
 * @param {string} body
 * @returns {ApiError} the error that a response reports
 */
export function errorOf(status, headers, body) {
  const facts = {
    status,
    code: headers.get("x-ms-error-code") ?? "",
    requestId: headers.get("x-ms-request-id") ?? "",
    retryAfterSeconds: Number(headers.get("Retry-After")) || 0,
  };
  try {
    const { error } = JSON.parse(body);
    return new ApiError(error.message, { ...facts, code: error.code, target: error.target ?? "" });
  } catch {
    return new ApiError(ofTheHost(status), facts);
  }
}

/**
 * @param {number} status of a response without a body that explains it, which comes from the Functions host
 * @returns {string}
 */
function ofTheHost(status) {
  if (status === 401) return "The function key is missing or wrong. Enter a function key of the app.";
  if (status === 404) return "The app does not have this operation. Reload the page, in case the app was updated.";
  if (status === 429) return "The app is busy. Try again in a few seconds.";
  return `The app returned the status ${status} without an explanation. Try again; if it fails again, see the app's log.`;
}
