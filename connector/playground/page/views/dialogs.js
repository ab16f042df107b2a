// The dialogs of the page; at most one is open.
import { nothing } from "../libraries/lit-html.js";
import { previewDialog } from "./preview.js";

/**
 * @param {import("../state/store.js").State} state
 * @param {import("../state/store.js").Session} session
 */
export function dialogs(state, session) {
  return state.dialog === "preview" ? previewDialog(state, session) : nothing;
}
