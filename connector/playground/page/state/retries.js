// Calls that failed and may succeed later: which ones those are, and how long the page waits before it sends one again.
import { ApiError } from "../api/client.js";

/**
 * What has to pass: a run in the session, a full session pool, an app that is busy, or a lost connection.
 * @typedef {"run" | "pool" | "app" | "connection"} Obstacle
 */

/** @typedef {Record<Obstacle, number>} Patience how many failures in a row are put up with, for each obstacle */

/** @type {Patience} for calls about files, whose failure is shown on the file */
export const FILES = { run: Number.POSITIVE_INFINITY, pool: 0, app: 5, connection: 12 };

/** @type {Patience} for runs: an hour without a connection, as in a tunnel, loses no result */
export const RUNS = { run: 40, pool: 40, app: 40, connection: 360 };

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const LONGEST_PAUSE_FOR_RUN = 4_000; // because a run may end long before Retry-After is over

const ELSEWHERE = new Set(["StorageRejected", "SourceUnavailable"]);

/** @type {WeakMap<object, () => void>} what ends a pause, by its owner */
const pauses = new WeakMap();

/**
 * @param {ApiError} failure
 * @returns {boolean} whether the call may have had an effect: nothing in the response says that it had none
 */
export function mayHaveArrived(failure) {
  return failure.status === 0 || (failure.status >= 500 && failure.code === "");
}

/**
 * @param {ApiError} failure
 * @param {number} count how many calls have failed in a row, with this one
 * @param {Patience} patience
 * @returns {number | null} after how many milliseconds the call is sent again; null if it is not
 */
export function pauseAfter(failure, count, patience) {
  const obstacle = obstacleOf(failure);
  if (obstacle === null || count > patience[obstacle]) return null;
  const asked = failure.retryAfterSeconds * 1000;
  const growing = Math.min(FIRST_PAUSE * 2 ** (count - 1), LONGEST_PAUSE);
  return obstacle === "run" ? Math.min(asked || growing, LONGEST_PAUSE_FOR_RUN) : Math.max(asked, growing);
}

/**
 * Performs an action until it succeeds, or fails for a reason that waiting does not change.
 * @template T
 * @param {(tries: number) => Promise<T>} action gets the number of earlier tries
 * @param {{signal: AbortSignal, patience?: Patience, onWait?: (obstacle: Obstacle | null) => void}} options onWait is
 *   called before a pause, and with null after it
 * @returns {Promise<T>}
 */
export async function persistently(action, { signal, patience = FILES, onWait = () => {} }) {
  const counts = { run: 0, pool: 0, app: 0, connection: 0 };
  for (let tries = 0; ; tries += 1) {
    try {
      return await action(tries);
    } catch (failure) {
      const obstacle = failure instanceof ApiError ? obstacleOf(failure) : null;
      if (!(failure instanceof ApiError) || obstacle === null) throw failure;
      counts[obstacle] += 1;
      const milliseconds = pauseAfter(failure, counts[obstacle], patience);
      if (milliseconds === null) throw failure;
      onWait(obstacle);
      await interruptiblePause(milliseconds, signal);
      onWait(null);
    }
  }
}

/**
 * @param {ApiError} failure
 * @returns {Obstacle | null} null if waiting does not help
 */
function obstacleOf({ status, code, retryAfterSeconds }) {
  if (code === "SessionBusy") return "run";
  if (code === "TooManySessions" || code === "PoolRejected") return "pool";
  if (status === 0) return "connection";
  // What another service refuses, it refuses again, unless the response names a time.
  if (ELSEWHERE.has(code) && retryAfterSeconds === 0) return null;
  return [429, 502, 503, 504].includes(status) ? "app" : null;
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @throws {DOMException} if the signal was aborted
 */
export async function interruptiblePause(milliseconds, signal) {
  signal.throwIfAborted();
  const owner = {};
  const end = () => wake(owner);
  signal.addEventListener("abort", end);
  await pause(owner, milliseconds);
  signal.removeEventListener("abort", end);
  signal.throwIfAborted();
}

/**
 * @param {object} owner
 * @param {number} milliseconds
 * @returns {Promise<void>} resolved after that time, or earlier: when `wake` is called, the browser is online again, or
 *   the page is shown again
 */
export function pause(owner, milliseconds) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      document.removeEventListener("visibilitychange", endIfShown);
      pauses.delete(owner);
      resolve();
    };
    const endIfShown = () => {
      if (!document.hidden) end();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end);
    document.addEventListener("visibilitychange", endIfShown);
    pauses.set(owner, end);
  });
}

/** @param {object} owner whose pause is to end now */
export function wake(owner) {
  pauses.get(owner)?.();
}
