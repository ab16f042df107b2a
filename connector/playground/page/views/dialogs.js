// The dialogs of the page; at most one is open.
import { nothing } from "../libraries/lit-html.js";

/**
 * @param {import("../state/store.js").State} _state
 * @param {import("../state/store.js").Session} _session
 */
export function dialogs(_state, _session) {
  return nothing;
}
