// What is done about a call that may succeed later: it waits, and is sent again by itself.
import { ApiError } from "../api/client.js";

/** @typedef {"run" | "app" | "connection"} Obstacle */

const MOST_TRIES_OF_APP = 5;
const MOST_TRIES_OF_CONNECTION = 12;
const LONGEST_WAIT_SECONDS = { run: 4, app: 10, connection: 10 }; // a run may end long before Retry-After is over

/**
 * Performs an action until it succeeds, or fails for a reason that does not pass.
 * @template T
 * @param {(tries: number) => Promise<T>} action gets the number of tries before
 * @param {{signal: AbortSignal, onWait: (obstacle: Obstacle | null) => void}} options onWait is called with null
 *   when it goes on
 * @returns {Promise<T>}
 */
export async function persistently(action, { signal, onWait }) {
  const failures = { run: 0, app: 0, connection: 0 };
  for (let tries = 0; ; tries += 1) {
    try {
      return await action(tries);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      const obstacle = obstacleOf(failure);
      if (obstacle === null) throw failure;
      failures[obstacle] += 1;
      if (failures.app > MOST_TRIES_OF_APP || failures.connection > MOST_TRIES_OF_CONNECTION) throw failure;
      onWait(obstacle);
      const seconds = Math.min(
        failure.retryAfterSeconds || 2 ** (failures[obstacle] - 1),
        LONGEST_WAIT_SECONDS[obstacle],
      );
      await pause(seconds, signal);
      onWait(null);
    }
  }
}

/**
 * @param {ApiError} failure
 * @returns {Obstacle | null} what has to pass; null if waiting does not help
 */
function obstacleOf({ status, code }) {
  if (code === "SessionBusy") return "run";
  if (code === "TooManySessions" || code === "PoolRejected") return null;
  if (status === 0) return "connection";
  return [429, 502, 503, 504].includes(status) ? "app" : null;
}

/**
 * @param {number} seconds to wait, less if the browser is online again
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}
