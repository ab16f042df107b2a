// Which failures of a call are tried again, and after how long.

const LONGEST_PAUSE = 10_000;
/** About an hour without a connection, such as one in a tunnel or of a computer that sleeps. */
const ATTEMPTS_WITHOUT_CONNECTION = 360;
const ATTEMPTS = 40;

/**
 * @param {import("../api/client.js").ApiError} failure
 * @returns {boolean} whether the call may have arrived: no response of the connector says that it did nothing
 */
export function lost(failure) {
  return failure.status === 0 || (failure.status >= 500 && failure.code === "");
}

/**
 * @param {import("../api/client.js").ApiError} failure
 * @param {number} attempt from 1: how many have failed in a row
 * @returns {number | null} how many milliseconds later the call is sent again; null if it is not
 */
export function pauseAfter(failure, attempt) {
  if (![0, 429, 502, 503, 504].includes(failure.status)) return null;
  if (attempt >= (failure.status === 0 ? ATTEMPTS_WITHOUT_CONNECTION : ATTEMPTS)) return null;
  const growing = Math.min(500 * 2 ** (attempt - 1), LONGEST_PAUSE);
  return Math.max(failure.retryAfterSeconds * 1000, growing);
}
