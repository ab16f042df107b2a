// The session ID, a secret: readable only when it was asked for.
import { startOfSessionId } from "../../content/session_ids.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { update } from "../../state/store.js";
import { copyButton } from "../controls/copy.js";

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
export function sessionId(state, session) {
  const { id, key } = session;
  if (id === null) return nothing;
  const isShown = state.shownId === key;
  const toggle = () =>
    update((state) => {
      state.shownId = isShown ? null : key;
    });
  return html`<span class="session-id">
    <span class="muted">Session ID</span>
    <code>${isShown ? id : html`<span class="visually-hidden">hidden, starts with </span>${startOfSessionId(id)}<span aria-hidden="true">••••</span>`}</code>
    <button type="button" class="quiet" aria-label="${isShown ? "Hide" : "Show"} the session ID" @click=${toggle}>${isShown ? "Hide" : "Show"}</button>
    ${copyButton("Copy the session ID", () => id, { iconOnly: true })}
  </span>`;
}
