// The dialogs of the page; at most one is open.
import { nothing } from "../libraries/lit-html.js";
import { connectionDialog } from "./connection_dialog.js";
import { credentialDialog } from "./credential_dialog.js";
import { imageZoom } from "./image_zoom.js";

/** @type {Record<string, (state: import("../state/store.js").State, session: import("../state/store.js").Session) => unknown>} */
const DIALOGS = {
  connection: connectionDialog,
  credential: credentialDialog,
  figure: imageZoom,
};

/**
 * @param {import("../state/store.js").State} state whose member `dialog` names the one that is open
 * @param {import("../state/store.js").Session} session
 */
export function dialogs(state, session) {
  return state.dialog === null ? nothing : DIALOGS[state.dialog](state, session);
}
