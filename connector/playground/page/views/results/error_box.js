// The exception of a run that failed: what, where, and what to do.

import { errorOutputOf } from "../../content/presentation.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { showLine } from "../code/editor.js";
import { copyButton } from "../controls/copy.js";
import { growingText } from "../controls/growing_text.js";

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Run} run
 */
export function errorBox(state, run) {
  const { execution } = run;
  if (!execution?.error) return nothing;
  const { name, message, line, traceback, hint } = execution.error;
  const isCanceled = run.status === "Canceled";
  const complete = errorOutputOf(execution).traceback;
  const hasLibraries = /^File /m.test(complete);
  return html`<div class="result-block" role="group" aria-label=${isCanceled ? "Where it was canceled" : "Error"}>
    <div class=${isCanceled ? "error-box canceled" : "error-box"}>
      ${isCanceled ? nothing : html`<p class="error-title"><b>${name}</b>${message ? `: ${message}` : ""}</p>`}
      ${line ? place(run.code, line) : nothing}
      ${hint ? html`<p class="error-hint">${hint}</p>` : nothing}
    </div>
    ${traceback ? tracebackBlock(state, "Traceback", "your own lines", traceback) : nothing}
    ${complete && (hasLibraries || !traceback) ? tracebackBlock(state, "Complete traceback", "with the libraries", complete) : nothing}
  </div>`;
}

/**
 * @param {string} code
 * @param {number} line
 */
function place(code, line) {
  const text = code.split(/\r\n|\r|\n/)[line - 1]?.trim() ?? "";
  return html`<p class="error-place">
    In <button type="button" class="link" @click=${() => showLine(line)}>line ${line}</button>${text ? html`: <code>${text}</code>` : nothing}
  </p>`;
}

/**
 * @param {import("../../state/types.js").State} state
 * @param {string} heading
 * @param {string} facts
 * @param {string} text
 */
function tracebackBlock(state, heading, facts, text) {
  return html`<details class="traceback">
    <summary>${heading} <span class="muted">${facts}</span></summary>
    <div class="with-copy">
      ${growingText({ label: heading, text, wrap: state.results.wrap })}
      ${copyButton("Copy", () => text)}
    </div>
  </details>`;
}
