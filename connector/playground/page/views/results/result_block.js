// A part of the results: a heading with what can be done, and what it is about.
import { html, nothing } from "../../libraries/lit-html.js";

/**
 * @param {{heading: string, label?: string, facts?: unknown, actions?: unknown, content: unknown}} block label is for screen readers, if the heading does not
 *   tell the part from others; facts stand beside the heading
 */
export function resultBlock({ heading, label = heading, facts = nothing, actions = nothing, content }) {
  return html`<div class="result-block" role="group" aria-label=${label}>
    <div class="block-head">
      <h3>${heading}</h3>
      <span class="block-facts muted digits">${facts}</span>
      <span class="spacer"></span>
      ${actions}
    </div>
    ${content}
  </div>`;
}
