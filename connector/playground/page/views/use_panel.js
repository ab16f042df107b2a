// "Use it elsewhere": what was done last, as code for other places.
import { html } from "../libraries/lit-html.js";

/**
 * @param {import("../state/store.js").State} _state
 * @param {import("../state/store.js").Session} _session
 */
export function usePanel(_state, _session) {
  return html`<section class="use" aria-labelledby="use-heading"><h2 id="use-heading">Use it elsewhere</h2></section>`;
}
