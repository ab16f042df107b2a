// Carries out a run: sends its code, and asks for its result until it has ended. A lost connection ends nothing: the code
// is sent again with the same key, with which the connector runs it once only.
import { ApiError, send } from "../../api/client.js";
import { isBeingCreated } from "../files/uploads.js";
import { adoptId, noteUse, refreshSession } from "../lifetime.js";
import { randomKey } from "../random_key.js";
import { mayHaveArrived, pause, pauseAfter, RUNS, wake } from "../retries.js";
import { update } from "../store.js";

/** A quick run ends within this wait; the others go on in the background. */
const WAIT_SECONDS = 1;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 2000;
const QUIET_PAUSE = 200;
const HIDDEN_PAUSE = 10_000;
/** Beyond these, the results so far come without the contents of charts, which the page has already. */
const HEAVY_CHARACTERS = 500_000;

/**
 * @param {import("../types.js").Session} session
 * @param {import("../types.js").Run} run
 * @returns {Promise<void>} when the run has ended
 */
export async function carryOut(session, run) {
  try {
    await submit(session, run);
    await follow(session, run);
  } finally {
    // Whatever was thrown: a run that nobody follows must not keep the next one from starting.
    if (run.endedAt === null) end(run, "Unknown", new ApiError("The page could not follow this run. Reload the page."));
  }
}

/** @param {import("../types.js").Run} run that is to be canceled, now or when it can be */
export function cancel(run) {
  update(() => {
    run.canceling = true;
  });
  wake(run);
}

/**
 * Sends the code, until the connector has taken it or has refused it.
 * @param {import("../types.js").Session} session
 * @param {import("../types.js").Run} run
 */
async function submit(session, run) {
  while (isBeingCreated(session)) {
    await pause(run, QUIET_PAUSE);
    if (run.canceling) return end(run, "Canceled", null);
  }
  /** @type {import("../../api/client.js").Call} */
  const call = {
    operationId: "ExecutePythonCode",
    json: {
      pythonCode: run.code,
      ...(session.id ? { sessionId: session.id } : {}),
      timeoutInSeconds: run.timeoutInSeconds,
      ...(run.workspaceId ? { workspaceId: run.workspaceId } : {}),
      waitInSeconds: WAIT_SECONDS,
      includeContent: "always",
      idempotencyKey: randomKey(),
    },
  };
  noteCall(session, run);
  let isUncertain = false; // whether the connector may have the code
  for (let attempt = 1; run.status === "Sending"; attempt += 1) {
    if (run.canceling && !isUncertain && attempt > 1) return end(run, "Canceled", null);
    try {
      const { json } = await send(call, { signal: AbortSignal.timeout(240_000) });
      accept(run, json);
      adoptId(session, json.sessionId);
      noteUse(session);
      noteCall(session, run);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      isUncertain ||= mayHaveArrived(failure);
      const milliseconds = pauseAfter(failure, attempt, RUNS);
      if (milliseconds === null) return end(run, isUncertain ? "Unknown" : "Refused", failure);
      noteTrouble(run, failure);
      await pause(run, milliseconds);
    }
  }
}

/**
 * Asks for the result of a run until it has ended, and cancels it when that is wanted.
 * @param {import("../types.js").Session} session
 * @param {import("../types.js").Run} run
 */
async function follow(session, run) {
  let milliseconds = SHORTEST_PAUSE;
  let cancelIsSent = false;
  let needsContents = false;
  for (let attempt = 1; run.status === "Running" && run.execution; attempt += 1) {
    if (cancelIsSent || !run.canceling) await pause(run, document.hidden ? HIDDEN_PAUSE : milliseconds);
    /** @type {string} */
    const operationId = run.canceling && !cancelIsSent ? "CancelExecution" : "GetExecution";
    const { sessionId, executionId } = run.execution;
    /** @type {string} */
    const includeContent = !needsContents && weight(run.execution) > HEAVY_CHARACTERS ? "never" : "always";
    try {
      const call = { operationId, parameters: { executionId, sessionId, includeContent } };
      const { json } = await send(call, { signal: AbortSignal.timeout(60_000) });
      attempt = 0;
      milliseconds = operationId === "CancelExecution" ? SHORTEST_PAUSE : Math.min(milliseconds * 1.3, LONGEST_PAUSE);
      cancelIsSent ||= operationId === "CancelExecution";
      const hasEnded = json.status !== "Running";
      if (hasEnded && includeContent === "never") {
        needsContents = true; // once, now that no more of them come
        continue;
      }
      accept(run, json);
      if (hasEnded) noteUse(session);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      if (failure.status === 404) return await endLost(session, run, failure);
      const wait = pauseAfter(failure, attempt, RUNS);
      if (wait === null) return end(run, "Unknown", failure);
      noteTrouble(run, failure);
      await pause(run, wait);
    }
  }
}

/**
 * @param {import("../types.js").Run} run
 * @param {import("../../api/models.js").Execution} execution the newest that the connector has returned
 */
function accept(run, execution) {
  const known = new Map(
    run.execution?.outputs.map((output) => [`${output.folder}/${output.fileName}`, output.content]),
  );
  for (const output of execution.outputs) {
    if (output.fileName) output.content ??= known.get(`${output.folder}/${output.fileName}`);
  }
  update(() => {
    run.execution = execution;
    run.status = execution.status;
    run.reconnecting = false;
    run.waiting = "";
    if (execution.status !== "Running") run.endedAt = Date.now();
  });
}

/**
 * @param {import("../types.js").Run} run
 * @param {import("../types.js").Run["status"]} status
 * @param {ApiError | null} error
 */
function end(run, status, error) {
  update(() => {
    run.status = status;
    run.error = error;
    run.reconnecting = false;
    run.waiting = "";
    run.endedAt = Date.now();
  });
}

/**
 * Ends a run that the connector does not find any more: its session has expired or was ended.
 * @param {import("../types.js").Session} session
 * @param {import("../types.js").Run} run
 * @param {ApiError} failure
 */
async function endLost(session, run, failure) {
  await refreshSession(session);
  const words =
    session.status === "active"
      ? "The session has no record of this run any more, so its result is lost. Run the code again."
      : "The session ended before the run did, so its result is lost. Run the code again.";
  end(run, "Unknown", new ApiError(words, failure));
}

/**
 * @param {import("../types.js").Run} run
 * @param {ApiError} failure after which the page tries again
 */
function noteTrouble(run, failure) {
  update(() => {
    run.reconnecting = failure.status === 0;
    run.waiting = failure.status === 0 ? "" : failure.message;
  });
}

/**
 * Notes the call for "Use it elsewhere", as a person would send it.
 * @param {import("../types.js").Session} session
 * @param {import("../types.js").Run} run
 */
function noteCall(session, run) {
  const { code, timeoutInSeconds, workspaceId } = run;
  update(() => {
    session.lastCall = {
      operationId: "ExecutePythonCode",
      json: {
        ...(session.id ? { sessionId: session.id } : {}),
        pythonCode: code,
        timeoutInSeconds,
        ...(workspaceId ? { workspaceId } : {}),
      },
    };
  });
}

/**
 * @param {import("../../api/models.js").Execution} execution
 * @returns {number} how many characters the contents of its outputs have
 */
function weight(execution) {
  return execution.outputs.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
}
