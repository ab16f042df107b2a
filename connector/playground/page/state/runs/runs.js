// Runs of code: they are started, canceled and shown here. following.js carries them out.

import { performDeletions } from "../files/deletions.js";
import { refreshFiles } from "../files/listing.js";
import { announce, update } from "../store.js";
import { clearMark, markError, replaceCode } from "./code.js";
import { cancel, carryOut } from "./following.js";
import { outcome } from "./outcome.js";

const KEPT_RUNS = 50;
const KEPT_CONTENTS = 10;

/**
 * @param {import("../types.js").Session} session
 * @returns {import("../types.js").Run | undefined} the run that has not ended
 */
export function activeRun(session) {
  return session.runs.find((run) => run.endedAt === null);
}

/**
 * Runs the code in the editor of a session.
 * @param {import("../types.js").Session} session
 * @returns {Promise<void>} when the run has ended
 */
export async function runCode(session) {
  if (activeRun(session)) return announce("The code is still running.");
  if (session.code.trim() === "") {
    update(() => {
      session.codeNote = {
        text: "There is no code to run yet. Write some, or start from an example.",
        formerCode: null,
      };
    });
    return;
  }
  clearMark(session);
  const run = begun(session);
  await performDeletions(session); // the code is to find the files that the page shows
  await carryOut(session, run);
  markError(session, run);
  announce(outcome(run));
  // Also after a run that failed, or whose end is not known: it may have written files.
  if (session.id) await refreshFiles(session);
}

/**
 * Cancels the run of a session, as soon as the connector has confirmed it.
 * @param {import("../types.js").Session} session
 */
export function cancelRun(session) {
  const run = activeRun(session);
  if (run && !run.canceling) cancel(run);
}

/**
 * Shows the results of a run.
 * @param {import("../types.js").Session} session
 * @param {number} number
 */
export function showRun(session, number) {
  update(() => {
    session.shownRun = number;
  });
}

/**
 * Puts the code of an earlier run into the editor; the editor's undo brings back what was there.
 * @param {import("../types.js").Session} session
 * @param {import("../types.js").Run} run
 */
export function restoreCode(session, run) {
  if (session.code === run.code) return;
  replaceCode(session, run.code, session.code.trim() ? `The code of run ${run.number} has replaced yours.` : "");
  markError(session, run);
}

/**
 * @param {import("../types.js").Session} session
 * @returns {import("../types.js").Run} a run that has just been started
 */
function begun(session) {
  /** @type {import("../types.js").Run} */
  const run = {
    number: (session.runs.at(-1)?.number ?? 0) + 1,
    code: session.code,
    timeoutInSeconds: session.timeoutInSeconds,
    workspaceId: session.workspaceId,
    startedAt: Date.now(),
    endedAt: null,
    status: "Sending",
    canceling: false,
    reconnecting: false,
    waiting: "",
    execution: null,
    error: null,
  };
  update((state) => {
    session.runs.push(run);
    session.runs.splice(0, session.runs.length - KEPT_RUNS);
    for (const { execution } of session.runs.slice(0, -KEPT_CONTENTS)) forgetContents(execution);
    session.shownRun = run.number;
    if (session.codeNote?.formerCode === null) session.codeNote = null;
    if (state.currentKey === session.key) state.pane = "results";
  });
  return run;
}

/** @param {import("../../api/models.js").Execution | null} execution whose charts are to take no more memory: files have them */
function forgetContents(execution) {
  for (const output of execution?.outputs ?? []) if (output.fileName) delete output.content;
}
