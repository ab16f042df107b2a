// The dialogs of the page; at most one is open.
import { nothing } from "../libraries/lit-html.js";
import { imageZoom } from "./image_zoom.js";

/**
 * @param {import("../state/store.js").State} state
 * @param {import("../state/store.js").Session} session
 */
export function dialogs(state, session) {
  if (state.dialog === "figure") return imageZoom(state, session);
  return nothing;
}
