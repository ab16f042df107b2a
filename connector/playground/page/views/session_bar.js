// The sessions as tabs, and what can be done with the one that is shown.
import { html, nothing } from "../libraries/lit-html.js";

/**
 * @param {import("../state/store.js").State} state
 * @param {import("../state/store.js").Session} session
 */
export function sessionBar(state, session) {
  return html`<nav class="sessions" aria-label="Sessions">${session.name} of ${state.sessions.length}</nav>`;
}

/**
 * What has happened to the session that is shown, if that needs attention.
 * @param {import("../state/store.js").State} _state
 * @param {import("../state/store.js").Session} _session
 */
export function sessionBanner(_state, _session) {
  return nothing;
}
