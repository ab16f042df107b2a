// Copies between sessions and storage: the call that begins one, the polls that go on with it, and its end.
import { ApiError, send } from "../api/client.js";
import { FILES, interruptiblePause, persistently } from "./retries.js";

/** @typedef {import("../api/client.js").Call} Call */
/** @typedef {import("./types.js").CopyProgress} CopyProgress */

const SHORTEST_PAUSE = 500;
const WAIT_SECONDS = 2; // of each call, so that people see it go on

/** @type {import("./retries.js").Patience} of the first call, which could have an effect that its repetition trips over */
const FIRST = { ...FILES, connection: 0 };

/** @returns {CopyProgress} that of a copy which has not begun */
export function noProgress() {
  return { received: 0, size: 0, waitsFor: null };
}

/**
 * Sends a call that may begin a copy, and polls until it has ended.
 * @param {Call} call
 * @param {{signal: AbortSignal, onProgress: (change: Partial<CopyProgress>) => void, onBegun?: (token: string, sessionId: string) => void}} options
 *   onBegun gets what cancels the copy, once that is known; the copy is canceled when the signal is aborted
 * @returns {Promise<any>} the response of the call, or of the last poll
 * @throws {ApiError}; AbortError if it was canceled
 */
export async function copied(call, { signal, onProgress, onBegun = () => {} }) {
  const onWait = (/** @type {CopyProgress["waitsFor"]} */ waitsFor) => onProgress({ waitsFor });
  const first = { ...call, json: { ...call.json, waitInSeconds: WAIT_SECONDS } };
  // Not stopped by the signal: if its response were lost, nobody could cancel the copy.
  let answer = await persistently(() => send(first), { signal, onWait, patience: FIRST });
  let token = "";
  try {
    while (answer.status === 202) {
      token ||= tokenIn(answer);
      onBegun(token, answer.json.sessionId);
      onProgress({ received: answer.json.received, size: answer.json.size });
      const seconds = Number(answer.headers.get("Retry-After")) || 0;
      await interruptiblePause(Math.max(SHORTEST_PAUSE, seconds * 1000), signal);
      const poll = { operationId: "PollTransfer", parameters: { token, waitInSeconds: WAIT_SECONDS } };
      answer = await persistently(() => send(poll, { signal }), { signal, onWait });
    }
  } catch (failure) {
    if (signal.aborted && token) await cancelCopy(token).catch(() => {}); // it ends anyway when nobody polls
    throw failure;
  }
  signal.throwIfAborted();
  return answer.json;
}

/**
 * @param {string} token
 * @param {boolean} [keepalive] whether it is sent even if the page is closed now
 * @throws {ApiError}
 */
export async function cancelCopy(token, keepalive = false) {
  await send({ operationId: "CancelTransfer", parameters: { token } }, { keepalive });
}

/**
 * @param {import("../api/client.js").Answer} answer
 * @returns {string} what the address of the polls has
 */
function tokenIn({ headers }) {
  // The app's public address may be another than the one of this page, which the page may not call.
  const token = new URL(headers.get("Location") ?? "", document.baseURI).searchParams.get("token");
  if (!token) throw new ApiError("The response has no address to poll. Try again.");
  return token;
}
