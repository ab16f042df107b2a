// The pane Results.
import { html } from "../libraries/lit-html.js";

/**
 * @param {import("../state/store.js").State} _state
 * @param {import("../state/store.js").Session} _session
 */
export function resultsPane(_state, _session) {
  return html`<section id="results" class="pane" aria-labelledby="results-heading">
    <div class="pane-head"><h2 id="results-heading">Results</h2></div>
    <div class="pane-body"></div>
  </section>`;
}
