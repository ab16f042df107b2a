// The pane Results: the runs of a session, and what the one that is shown has returned.

import { partsOf, resultOf } from "../../content/presentation.js";
import { html, nothing, repeat } from "../../libraries/lit-html.js";
import { EXAMPLES, startExample } from "../../state/runs/examples.js";
import { outputKey } from "../../state/runs/outputs.js";
import { COMMAND_KEY } from "../controls/command_key.js";
import { errorBox } from "./error_box.js";
import { outputs } from "./outputs.js";
import { printed } from "./printed.js";
import { resultValue } from "./result_value.js";
import { runChips } from "./run_chips.js";
import { runFiles } from "./run_files.js";
import { runMenu } from "./run_menu.js";
import { runStatus } from "./run_status.js";

/** @typedef {import("../../state/types.js").Run} Run */
/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").State} State */

const EXAMPLES_SHOWN = 3;

/**
 * @param {State} state
 * @param {Session} session
 */
export function resultsPane(state, session) {
  const run = session.runs.find((candidate) => candidate.number === session.shownRun);
  // Each run has elements of its own: how far one is scrolled, and what is folded, is not that of another.
  const shown = run ? [run] : [];
  return html`<section id="results" class="pane" tabindex="-1" data-focus-home aria-labelledby="results-heading">
    <div class="pane-head">
      <h2 id="results-heading">Results</h2>
      ${session.runs.length > 0 ? runChips(session) : nothing}
      ${run ? runMenu(session, run) : nothing}
    </div>
    ${repeat(
      shown,
      () => outputKey(session, shown[0], ""),
      () => html`<div class="pane-body results-body">${runResults(state, session, shown[0])}</div>`,
    )}
    ${run ? nothing : html`<div class="pane-body">${emptyResults(session)}</div>`}
  </section>`;
}

/**
 * @param {State} state
 * @param {Session} session
 * @param {Run} run
 */
function runResults(state, session, run) {
  const { execution } = run;
  const parts = execution ? partsOf(execution.outputs) : [];
  const result = execution && resultOf(execution, parts);
  return html`${runStatus(state, session, run)} ${errorBox(state, run)} ${printed(state, run)}
  ${outputs(session, run, parts)} ${result ? resultValue(state, session, run, result) : nothing}
  ${runFiles(session, execution?.files ?? [])}
  ${execution && run.status === "Succeeded" && isEmpty(execution) ? html`<p class="nothing-returned muted">It printed and returned nothing.</p>` : nothing}`;
}

/** @param {import("../../api/models.js").Execution} execution */
function isEmpty({ stdout, stderr, result, value, outputs, files }) {
  return !stdout && !stderr && !result && value === undefined && outputs.length + files.length === 0;
}

/** @param {Session} session */
function emptyResults(session) {
  return html`<div class="empty-results">
    <h3>Nothing has run yet</h3>
    <p class="muted">Run the code with <kbd>${COMMAND_KEY}</kbd> <kbd>Enter</kbd>, or start with an example.</p>
    <ul>
      ${EXAMPLES.slice(0, EXAMPLES_SHOWN).map(
        (example) => html`<li>
          <button type="button" @click=${() => startExample(session, example)}>
            ${example.name}<span class="muted">${example.description}</span>
          </button>
        </li>`,
      )}
    </ul>
  </div>`;
}
