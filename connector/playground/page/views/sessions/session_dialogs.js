// Dialogs about a session: end it, close its tab, use one that exists.
import { html, nothing } from "../../libraries/lit-html.js";
import { isRunning } from "../../state/lifetime.js";
import { confirmEnd, confirmExisting } from "../../state/sessions/session_dialogs.js";
import { closeSession } from "../../state/sessions/sessions.js";
import { closeDialog, dialog } from "../controls/dialog.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */

/** @param {State} state */
export function endSessionDialog(state) {
  const session = about(state);
  if (!session) return nothing;
  return dialog({
    title: `End ${session.name}?`,
    content: html`<p>${whatIsDeleted(session)} This cannot be undone.</p>
      <p class="muted">The code and the results stay on this page.</p>
      ${buttons(state, [
        html`<button type="button" class="button" autofocus @click=${closeDialog}>Keep it</button>`,
        html`<button type="button" class="button danger" ?disabled=${state.sessionDialog.isBusy} @click=${() => confirmEnd(session)}>End session</button>`,
      ])}`,
  });
}

/** @param {State} state */
export function closeSessionDialog(state) {
  const session = about(state);
  if (!session) return nothing;
  const isActive = session.status === "active";
  const loss = session.runs.length > 0 ? "Its code and results on this page are lost" : "Its code on this page is lost";
  return dialog({
    title: `Close ${session.name}?`,
    content: html`<p>${loss}${isActive ? ", and so is the session ID, which is the way back to it" : ""}.</p>
      ${isActive ? html`<p class="muted">${whatIsDeleted(session)} At once if you end it, otherwise when it expires.</p>` : nothing}
      ${buttons(state, [
        html`<button type="button" class="button" ?autofocus=${!isActive} @click=${() => {
          closeDialog();
          closeSession(session.key);
        }}>${isActive ? "Close only" : "Close"}</button>`,
        isActive
          ? html`<button type="button" class="button danger" autofocus ?disabled=${state.sessionDialog.isBusy} @click=${() => confirmEnd(session, { andClose: true })}>End and close</button>`
          : nothing,
      ])}`,
  });
}

/** @param {State} state */
export function existingSessionDialog(state) {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    confirmExisting(String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("id")));
  };
  const { error, isBusy } = state.sessionDialog;
  return dialog({
    title: "Use an existing session ID",
    content: html`<form @submit=${submit}>
      <p>Opens a session that a workflow or a program uses: its files are listed, and code sees its variables.</p>
      <label class="field"><span>Session ID</span>
        <input type="text" name="id" autofocus required autocomplete="off" autocapitalize="none" spellcheck="false"
          maxlength="200" aria-describedby="session-dialog-problem" aria-invalid=${error ? "true" : "false"}>
      </label>
      ${buttons(state, [
        html`<button type="submit" class="button primary" ?disabled=${isBusy}>${isBusy ? "Looking for it" : "Open"}</button>`,
      ])}
    </form>`,
  });
}

/**
 * @param {State} state
 * @returns {Session | undefined} the one that the dialog is about
 */
function about(state) {
  return state.sessions.find((session) => session.key === state.sessionDialog.key);
}

/** @param {Session} session */
function whatIsDeleted(session) {
  const { files } = session;
  const count = files.length === 1 ? "its file" : files.length > 1 ? `its ${files.length} files` : "all its files";
  const running = isRunning(session) ? ", and running code is stopped" : "";
  return `Its variables and ${count} are deleted${running}.`;
}

/**
 * @param {State} state
 * @param {unknown[]} buttons
 */
function buttons(state, buttons) {
  const { error } = state.sessionDialog;
  return html`<p id="session-dialog-problem" class="problem" role="alert" ?hidden=${!error}>${error}</p>
    <div class="dialog-buttons">${buttons}</div>`;
}
