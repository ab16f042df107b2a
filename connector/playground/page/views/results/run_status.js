// How a run stands, in a line, and below it what the connector remarks on it.

import { partsOf, summaryOf } from "../../content/presentation.js";
import { duration } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { outputKey } from "../../state/runs/outputs.js";
import { copyButton } from "../controls/copy.js";
import "../controls/elapsed_time.js";
import { icon } from "../controls/icons.js";

/** @typedef {import("../../state/types.js").Run} Run */
/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").State} State */

/** What may be truncated, in words. */
const TRUNCATED = {
  stdout: "the printed text",
  stderr: "the error output",
  result: "the result",
  value: "the value",
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
  const isRunning = run.status === "Running";
  const remark = run.reconnecting
    ? `Connection lost. ${isRunning ? "The code keeps running; trying" : "Trying"} again.`
    : run.waiting
      ? `${run.waiting} ${isRunning ? "" : "This page will send the code again."}`
      : `of up to ${limit(run.timeoutInSeconds)}`;
  const state = run.canceling ? "Canceling" : run.waiting && !isRunning ? "Waiting" : "Running";
  return html`<b class="busy">${state}</b>
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
  const truncated = run.endedAt === null ? "" : truncation(execution);
  const notice = execution?.notice && !isDone(execution.notice) ? execution.notice : "";
  const failure = state.results.loads[outputKey(session, run, "all")]?.error;
  if (!error && !notice && !truncated && !failure) return nothing;
  return html`<div class=${error ? "run-remarks refused" : "run-remarks"}>
    ${error ? errorMessage(error) : nothing} ${notice ? html`<p>${notice}</p>` : nothing}
    ${truncated ? html`<p>${truncated}</p>` : nothing} ${failure ? errorMessage(failure) : nothing}
  </div>`;
}

/**
 * What the notice of omitted contents tells programs to do, this page does itself.
 * @param {string} notice
 */
function isDone(notice) {
  return /^Contents of outputs were omitted or reduced\.[^.]*\.\s*$/.test(notice);
}

/**
 * @param {import("../../api/models.js").Execution | null} execution
 * @returns {string} what is not complete, and how to get it; empty if that is nothing but contents of outputs
 */
function truncation(execution) {
  const { truncated = {} } = execution ?? {};
  const names = Object.entries(TRUNCATED)
    .filter(([part]) => truncated[part])
    .map(([, name]) => name);
  if (names.length === 0) return "";
  const list = new Intl.ListFormat("en").format(names);
  const verb = names.length === 1 ? "is" : "are";
  return `${list[0].toUpperCase()}${list.slice(1)} ${verb} longer than a run can return. To get all of it, have the code write it to a file.`;
}

/**
 * @param {import("../../api/client.js").ApiError} error
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
