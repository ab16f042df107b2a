// The pane Code: the editor, and what starts and stops a run.
import { html } from "../libraries/lit-html.js";
import { usePanel } from "./use_panel.js";

/**
 * @param {import("../state/store.js").State} state
 * @param {import("../state/store.js").Session} session
 */
export function codePane(state, session) {
  return html`<section id="code" class="pane" aria-labelledby="code-heading">
    <div class="pane-head"><h2 id="code-heading">Code</h2></div>
    <div class="pane-body"></div>
    ${usePanel(state, session)}
  </section>`;
}
