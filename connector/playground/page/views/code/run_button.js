// Run, which is Cancel while the code runs: one button, so that it keeps its place and the focus.
import { html, nothing } from "../../libraries/lit-html.js";
import { activeRun, cancelRun, runCode } from "../../state/runs/runs.js";
import { COMMAND_KEY, COMMAND_MODIFIER } from "../controls/command_key.js";
import { icon } from "../controls/icons.js";

/** A second click, or a key that is held down, does not cancel what the first has just started. */
const STARTING_MILLISECONDS = 500;

/** @param {import("../../state/types.js").Session} session */
export function runButton(session) {
  const run = activeRun(session);
  const clicked = () => {
    if (!run) runCode(session);
    else if (Date.now() - run.startedAt > STARTING_MILLISECONDS) cancelRun(session);
  };
  return html`<button
    type="button"
    class="button run-button ${run ? "danger" : "primary"}"
    aria-keyshortcuts=${run ? nothing : `${COMMAND_MODIFIER}+Enter`}
    aria-disabled=${run?.canceling ? "true" : nothing}
    @click=${clicked}
  >
    ${icon(run ? "stop" : "run")}<span>${run ? (run.canceling ? "Canceling" : "Cancel") : "Run"}</span>
    ${run ? nothing : html`<kbd aria-hidden="true">${COMMAND_KEY} ↵</kbd>`}
  </button>`;
}
