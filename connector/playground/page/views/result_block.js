// A part of the results: a heading with what can be done, and what it is about.
import { html, nothing } from "../libraries/lit-html.js";

/**
 * @param {{heading: string, facts?: unknown, actions?: unknown, content: unknown}} block facts stand beside the heading
 */
export function resultBlock({ heading, facts = nothing, actions = nothing, content }) {
  return html`<section class="result-block" aria-label=${heading}>
    <div class="block-head">
      <h3>${heading}</h3>
      <span class="block-facts muted digits">${facts}</span>
      <span class="spacer"></span>
      ${actions}
    </div>
    ${content}
  </section>`;
}
