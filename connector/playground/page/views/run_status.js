// How a run stands, in a line, and below it what the connector remarks on it.
import { duration } from "../format.js";
import { html, nothing } from "../libraries/lit-html.js";
import { partsOf, summaryOf } from "../presentation.js";
import { loadComplete, outputKey } from "../state/outputs.js";
import { copyButton } from "./copy.js";
import "./elapsed_time.js";
import { icon } from "./icons.js";

/** @typedef {import("../state/store.js").Run} Run */
/** @typedef {import("../state/store.js").Session} Session */
/** @typedef {import("../state/store.js").State} State */

/** What is truncated, in words. */
const TRUNCATED = {
  stdout: "the printed text",
  stderr: "the error output",
  result: "the result",
  value: "the value",
  outputs: "the outputs",
  files: "the list of files",
};

/**
 * @param {State} state
 * @param {Session} session
 * @param {Run} run
 */
export function runStatus(state, session, run) {
  return html`<div class="run-status">${run.endedAt === null ? runningLine(run) : endedLine(run)}</div>
    ${remarks(state, session, run)}`;
}

/** @param {Run} run */
function runningLine(run) {
  const remark = run.reconnecting
    ? "The connection is lost. The code goes on; trying again."
    : run.waiting || `of up to ${limit(run.timeoutInSeconds)}`;
  return html`<b class="busy">${run.canceling ? "Canceling" : "Running"}</b>
    <elapsed-time class="digits" since=${run.startedAt}></elapsed-time>
    <span class="muted">${remark}</span>
    <div class="busy-line" role="progressbar" aria-label="The code is running"></div>`;
}

/** @param {number} seconds */
function limit(seconds) {
  return seconds < 120 || seconds % 60 ? `${seconds} s` : seconds < 3600 ? `${seconds / 60} min` : "1 h";
}

/** @param {Run} run */
function endedLine(run) {
  const { execution, status } = run;
  const time = execution ? duration(execution.durationInMilliseconds) : "";
  const summary = execution ? summaryOf(execution, partsOf(execution.outputs)) : "";
  const facts = summary ? html`<span class="muted">·</span><span class="muted">${summary}</span>` : nothing;
  switch (status) {
    case "Succeeded":
      return html`<b class="good">${icon("check")} Succeeded</b><span class="muted digits">in ${time}</span>${facts}`;
    case "Failed":
      return html`<b class="bad">${icon("alert")} Failed</b><span class="muted digits">after ${time}</span>${facts}`;
    case "Canceled":
      return html`<b>${icon("stop")} Canceled</b>${time ? html`<span class="muted digits">after ${time}</span>` : nothing}${facts}`;
    case "Refused":
      return html`<b class="bad">${icon("cancel")} Not run</b>`;
    default:
      return html`<b class="doubtful">${icon("alert")} Unknown</b><span class="muted">The code may have run.</span>`;
  }
}

/**
 * @param {State} state
 * @param {Session} session
 * @param {Run} run
 */
function remarks(state, session, run) {
  const { execution, error } = run;
  const truncated = Object.keys(execution?.truncated ?? {}).filter((part) => execution?.truncated?.[part]);
  const load = state.results.loads[outputKey(session, run, "complete")];
  const failure = state.results.loads[outputKey(session, run, "all")]?.error ?? load?.error;
  if (!error && !execution?.notice && truncated.length === 0 && !failure) return nothing;
  return html`<div class="run-remarks">
    ${error ? errorMessage(error) : nothing}
    ${execution?.notice && !isExplained(execution.notice, load) ? html`<p>${execution.notice}</p>` : nothing}
    ${truncated.length > 0 && run.endedAt !== null ? truncation(session, run, truncated, load) : nothing}
    ${failure ? errorMessage(failure) : nothing}
  </div>`;
}

/**
 * The notice of omitted contents names operations for programs. This page gets them by itself.
 * @param {string} notice
 * @param {import("../state/store.js").LoadedOutput | undefined} load
 */
function isExplained(notice, load) {
  return /^Contents of outputs were omitted or reduced\.[^.]*\.[^.]*$/.test(notice.trim()) && load?.status !== "failed";
}

/**
 * @param {Session} session
 * @param {Run} run
 * @param {string[]} truncated
 * @param {import("../state/store.js").LoadedOutput | undefined} load
 */
function truncation(session, run, truncated, load) {
  // Contents of outputs are loaded when they come into view.
  const parts = truncated.filter((part) => part !== "outputs" || (run.execution?.outputs.length ?? 0) >= 100);
  if (parts.length === 0) return nothing;
  const names = new Intl.ListFormat("en").format(
    parts.map((part) => TRUNCATED[/** @type {"stdout"} */ (part)] ?? part),
  );
  const sentence = `${names.replace(/^./, (letter) => letter.toUpperCase())} ${parts.length === 1 && parts[0] !== "outputs" ? "is" : "are"} too long to be shown in full.`;
  if (load?.status === "loaded")
    return html`<p>${sentence} This is as much as the connector returns; let the code write the rest to a file.</p>`;
  return html`<p>
    ${sentence}
    <button type="button" class="link" ?disabled=${load?.status === "loading"} @click=${() => loadComplete(session, run)}>
      ${load?.status === "loading" ? "Loading" : "Show everything"}
    </button>
  </p>`;
}

/**
 * @param {import("../api/client.js").ApiError} error
 */
export function errorMessage(error) {
  return html`<p class="bad">${error.message}</p>
    ${
      error.requestId
        ? html`<p class="muted request-id">
            Request ID <code>${error.requestId}</code> ${copyButton("Copy the request ID", () => error.requestId, { iconOnly: true })}
          </p>`
        : nothing
    }`;
}
