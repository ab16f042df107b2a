// The dialogs of the page; at most one is open.
import { nothing } from "../libraries/lit-html.js";
import { connectionDialog } from "./connection/connection_dialog.js";
import { credentialDialog } from "./connection/credential_dialog.js";
import { exportDialog } from "./files/export_dialog.js";
import { importDialog } from "./files/import_dialog.js";
import { previewDialog } from "./files/preview.js";
import { shareDialog } from "./files/share_dialog.js";
import { imageZoom } from "./results/image_zoom.js";
import { closeSessionDialog, endSessionDialog, existingSessionDialog } from "./sessions/session_dialogs.js";
import { restoreWorkspaceDialog, saveWorkspaceDialog } from "./sessions/workspace_dialogs.js";
import { shortcutsDialog } from "./shortcuts.js";

/** @type {Record<string, (state: import("../state/types.js").State, session: import("../state/types.js").Session) => unknown>} */
const DIALOGS = {
  "close-session": closeSessionDialog,
  connection: connectionDialog,
  credential: credentialDialog,
  "end-session": endSessionDialog,
  "existing-session": existingSessionDialog,
  "export-file": exportDialog,
  figure: imageZoom,
  "import-file": importDialog,
  preview: previewDialog,
  "restore-workspace": restoreWorkspaceDialog,
  "save-workspace": saveWorkspaceDialog,
  "share-file": shareDialog,
  shortcuts: shortcutsDialog,
};

/**
 * @param {import("../state/types.js").State} state whose member `dialog` names the one that is open
 * @param {import("../state/types.js").Session} session
 */
export function dialogs(state, session) {
  return state.dialog === null ? nothing : DIALOGS[state.dialog](state, session);
}
