// Whether the connector answers, whether it accepts this page, and whether it reaches its pool. If not, it is asked again.
import { ApiError, onOutcome, send } from "../../api/client.js";
import { announce, state, update } from "../store.js";

const PAUSES = [1, 2, 4, 8, 16, 30]; // seconds between two attempts to reach the connector; the last one is repeated
const GOING_MILLISECONDS = 2000; // in which a call may still succeed after the browser has said that it is offline
const PAUSE_AFTER_ERROR = 30; // because what is wrong takes minutes to mend, such as a role that is missing

/** @type {Promise<void> | null} the check in progress */
let check = null;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let nextAttempt;
let attempts = 0;

/**
 * Asks the connector; the result is in the state.
 * @returns {Promise<void>}
 */
export function checkConnection() {
  clearTimeout(nextAttempt);
  check ??= ask().finally(() => {
    check = null;
  });
  return check;
}

/** Notices when the connection is lost and when it is back, from now on. */
export function watchConnection() {
  onOutcome(({ isAnswered, hasSucceeded }) => {
    if (check) return;
    const { status } = state.connection;
    // One call may fail by accident. Its failure is for its owner to show; only the check says what the connection is.
    if (isAnswered === (status === "offline") || (hasSucceeded && status === "failed")) checkConnection();
  });
  // A computer without a network still reaches itself, so these are no more than occasions to ask.
  addEventListener("offline", () => {
    checkConnection();
    setTimeout(checkConnection, GOING_MILLISECONDS);
  });
  addEventListener("online", checkConnection);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isBroken(state.connection.status)) checkConnection();
  });
}

/** @param {import("../../api/models.js").ConnectionFacts} facts that the connector has returned */
export function noteConnected(facts) {
  settle("connected", null, facts);
}

/** @param {ApiError} failure with which the connector has responded, or that there was no response */
export function noteFailed(failure) {
  settle(failure.status === 401 ? "unauthorized" : failure.status === 0 ? "offline" : "failed", failure, null);
}

/** @param {string} text that the names of packages must contain to be listed */
export function filterPackages(text) {
  update((state) => {
    state.connection.packageFilter = text;
  });
}

async function ask() {
  update((state) => {
    state.connection.isChecking = true;
  });
  try {
    const { json } = await send({ operationId: "CheckConnection" });
    noteConnected(json);
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    noteFailed(failure);
  } finally {
    update((state) => {
      state.connection.isChecking = false;
    });
  }
}

/**
 * @param {"connected" | "failed" | "unauthorized" | "offline"} status
 * @param {ApiError | null} error
 * @param {import("../../api/models.js").ConnectionFacts | null} facts
 */
function settle(status, error, facts) {
  const before = state.connection.status;
  update(({ connection }) => {
    connection.status = status;
    connection.error = error;
    connection.facts = facts ?? connection.facts;
  });
  clearTimeout(nextAttempt);
  if (before === "offline" && status !== "offline") announce("The connector is responding again.");
  if (before === "failed" && status === "connected") announce("The connection works now.");
  if (status === "offline") {
    nextAttempt = setTimeout(checkIfShown, 1000 * PAUSES[Math.min(attempts, PAUSES.length - 1)]);
    attempts += 1;
  } else {
    attempts = 0;
    if (status === "failed") nextAttempt = setTimeout(checkIfShown, 1000 * PAUSE_AFTER_ERROR);
  }
}

/** @param {import("../types.js").State["connection"]["status"]} status that may get better without this page */
function isBroken(status) {
  return status === "offline" || status === "failed";
}

/** A page that nobody sees leaves the connector alone. */
function checkIfShown() {
  if (!document.hidden) checkConnection();
}
