// Whether the connector answers, and whether it accepts this page. While it does not answer, it is asked again.
import { ApiError, onOutcome, send } from "../../api/client.js";
import { announce, state, update } from "../store.js";

const PAUSES = [1, 2, 4, 8, 16, 30]; // seconds between two attempts; the last one is repeated

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
  onOutcome((isAnswered) => {
    // One call may fail by accident. Its failure is for its owner to show; only the check says what the connection is.
    if (isAnswered === (state.connection.status === "offline") && !check) checkConnection();
  });
  // A computer without a network still reaches itself, so these are no more than occasions to ask.
  addEventListener("offline", checkConnection);
  addEventListener("online", checkConnection);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && state.connection.status === "offline") checkConnection();
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
  if (status === "offline") {
    nextAttempt = setTimeout(checkConnection, 1000 * PAUSES[Math.min(attempts, PAUSES.length - 1)]);
    attempts += 1;
  } else {
    attempts = 0;
    if (before === "offline") announce("The connector answers again.");
  }
}
