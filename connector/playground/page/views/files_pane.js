// The pane Files.
import { html } from "../libraries/lit-html.js";

/**
 * @param {import("../state/store.js").State} _state
 * @param {import("../state/store.js").Session} _session
 */
export function filesPane(_state, _session) {
  return html`<section id="files" class="pane" aria-labelledby="files-heading">
    <div class="pane-head"><h2 id="files-heading">Files</h2></div>
    <div class="pane-body"></div>
  </section>`;
}
