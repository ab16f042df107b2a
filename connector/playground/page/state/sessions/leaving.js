// Before the page is left: the browser asks if work would be lost that exists nowhere else (and files/uploads.js, while
// files are sent).

import { isRunning } from "../lifetime.js";
import { state } from "../store.js";

/** Begins to ask. */
export function guardLeaving() {
  addEventListener("beforeunload", (event) => {
    if (state.memory.choice === "none" && state.sessions.some(hasWork)) event.preventDefault();
  });
}

/**
 * @param {import("../types.js").Session} session
 * @returns {boolean} whether it runs, or has code that it never ran
 */
function hasWork(session) {
  return isRunning(session) || (session.code.trim() !== "" && session.code !== session.runs.at(-1)?.code);
}
