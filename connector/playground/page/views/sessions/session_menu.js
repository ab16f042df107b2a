// What can be done with the session that is shown, and what is known about it where the bar has no room for that.
import { html, nothing } from "../../libraries/lit-html.js";
import { whyNotStored } from "../../state/connection/storage.js";
import { openCopyDialog } from "../../state/copy_dialog.js";
import { openSessionDialog, requestClose } from "../../state/sessions/session_dialogs.js";
import { startRenaming } from "../../state/sessions/sessions.js";
import { icon } from "../controls/icons.js";
import { entry, popover } from "../controls/popover.js";
import { sessionId } from "./session_id.js";
import { age, period, timeLeft } from "./session_times.js";

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
export function sessionMenu(state, session) {
  const { key, name, status } = session;
  const refusal = whyNotStored(state);
  return popover({
    id: "session-menu",
    label: "More for this session",
    button: icon("more"),
    content: html`
      <div class="panel-facts">
        <strong>${name}</strong>
        <p class="muted digits">${summary(state, session)}</p>
        ${status === "active" ? html`<p class="muted">${expiry(session)}</p>` : nothing}
        <div class="narrow">${sessionId(state, session)}</div>
      </div>
      ${entry(html`Rename <kbd>F2</kbd>`, () => startRenaming(key))}
      ${entry("Use an existing session ID …", () => openSessionDialog("existing-session"))}
      ${status === "active" ? entry("Save as workspace …", () => openCopyDialog("save-workspace", session), refusal) : nothing}
      ${entry("Restore a workspace …", () => openCopyDialog("restore-workspace", session), refusal)}
      ${status === "active" ? entry("End session …", () => openSessionDialog("end-session", key)) : nothing}
      ${entry("Close tab", () => requestClose(key))}
    `,
  });
}

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 * @returns {string}
 */
function summary(state, session) {
  if (session.status === "new") return "Starts with the first run or upload.";
  if (session.status !== "active") return `Has ${session.status}.`;
  const made = session.createdAt === null ? "" : age(state.now - session.createdAt);
  return [made, timeLeft(state, session)].filter(Boolean).join(", ");
}

/**
 * @param {import("../../state/types.js").Session} session
 * @returns {string}
 */
function expiry({ lifetime }) {
  if (lifetime.cooldown === null) return "The session pool does not report when it expires.";
  return `Expires after ${period(lifetime.cooldown)} without use.`;
}
