// The session ID, a secret: readable only when it was asked for.
import { html, nothing } from "../../libraries/lit-html.js";
import { update } from "../../state/store.js";
import { copyButton } from "../controls/copy.js";

const SHOWN = 4; // of the beginning: the end is the same in all sessions of a pool
const SHORTEST = 12; // of which some characters can be seen

/**
 * @param {string} id
 * @returns {string} what may be seen of a session ID, to tell sessions apart
 */
export function visiblePart(id) {
  return id.length < SHORTEST ? "" : id.slice(0, SHOWN);
}

/**
 * @param {import("../../state/store.js").State} state
 * @param {import("../../state/store.js").Session} session
 */
export function sessionId(state, session) {
  const { id, key } = session;
  if (id === null) return nothing;
  const isShown = state.shownId === key;
  const start = visiblePart(id);
  const spoken = start ? "hidden, starts with " : "hidden";
  const toggle = () =>
    update((state) => {
      state.shownId = isShown ? null : key;
    });
  return html`<span class="session-id">
    <span class="muted">Session ID</span>
    <code>${isShown ? id : html`<span class="visually-hidden">${spoken}</span>${start}<span aria-hidden="true">••••</span>`}</code>
    <button type="button" class="quiet" aria-label="${isShown ? "Hide" : "Show"} the session ID" @click=${toggle}>${isShown ? "Hide" : "Show"}</button>
    ${copyButton("Copy the session ID", () => id, { iconOnly: true })}
  </span>`;
}
