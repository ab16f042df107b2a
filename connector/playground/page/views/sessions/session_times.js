// How old a session is, and how much longer it lives.
import { clock, span } from "../../format.js";
import { SECONDS_SHOWN } from "../../state/clock.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */

/**
 * @param {State} state
 * @param {Session} session
 * @returns {string} such as 4:12 left; empty if it is not known
 */
export function timeLeft(state, { expiresAt }) {
  if (expiresAt === null) return "";
  const left = Math.max(0, expiresAt - state.now);
  return `${left < SECONDS_SHOWN ? clock(left / 1000) : span(left)} left`;
}

/**
 * @param {number} milliseconds
 * @returns {string}
 */
export function age(milliseconds) {
  return milliseconds < 60_000 ? "created just now" : `created ${span(milliseconds)} ago`;
}

/**
 * @param {number} milliseconds
 * @returns {string} such as 5 minutes
 */
export function period(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return `${Math.round(milliseconds / 1000)} seconds`;
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}
