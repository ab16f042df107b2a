// Dialogs about workspaces: save the files of the session as one, and restore them.
import { counted, exactTime, size as sizeText } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { closeCopyDialog } from "../../state/copy_dialog.js";
import { NAME_PATTERN, restoreWorkspace, saveWorkspace, useWorkspace } from "../../state/sessions/workspaces.js";
import { copyFoot, isCopying } from "../controls/copy_progress.js";
import { dialog } from "../controls/dialog.js";
import { focusNext } from "../controls/focus.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").CopyDialog} CopyDialog */
/** @typedef {import("../../api/models.js").Workspace} Workspace */

const CONFLICT =
  "There is a workspace of this name that is not what this session has restored or saved last: somebody else has saved " +
  "it, or it is older than this session. Nothing was saved. Saving anyway replaces it with the files of this session.";

/** @param {State} state */
export function saveWorkspaceDialog(state) {
  return workspaceDialog(state, {
    title: "Save as workspace",
    text: "Saves all files of the session to the connector’s storage, to restore them into another session later. Variables are not saved.",
    label: "Saving the files",
    done: (session, workspace) => html`<p role="status"><b>${facts(workspace, "saved")}.</b></p>
      ${useChoice(session, workspace.workspaceId)}`,
    act: saveWorkspace,
    buttons: (session, about, name) =>
      isConflict(about)
        ? html`<button type="button" class="button" autofocus @click=${closeCopyDialog}>Keep what is saved there</button>
            <button type="button" class="button danger" @click=${(/** @type {Event} */ event) => {
              const { form } = /** @type {HTMLButtonElement} */ (event.currentTarget);
              void begin(saveWorkspace(session, about, name(form), { anyVersion: true }));
            }}>Save anyway</button>`
        : html`<button type="submit" class="button primary">Save</button>`,
  });
}

/** @param {State} state */
export function restoreWorkspaceDialog(state) {
  return workspaceDialog(state, {
    title: "Restore a workspace",
    text: "Copies the saved files of a workspace into the session. Files of the same name are replaced, others are kept.",
    label: "Restoring the files",
    done: (session, workspace) => html`<p role="status"><b>${facts(workspace, "restored")}.</b>
        They were saved on <time datetime=${workspace.lastModifiedTime}>${exactTime(workspace.lastModifiedTime)}</time>.</p>
      ${useChoice(session, workspace.workspaceId)}`,
    act: restoreWorkspace,
    buttons: () => html`<button type="submit" class="button primary">Restore</button>`,
  });
}

/**
 * @param {State} state
 * @param {Object} parts
 * @param {string} parts.title
 * @param {string} parts.text
 * @param {string} parts.label of the progress
 * @param {(session: Session, workspace: Workspace) => unknown} parts.done
 * @param {(session: Session, about: CopyDialog, workspaceId: string) => Promise<void>} parts.act
 * @param {(session: Session, about: CopyDialog, name: (form: HTMLFormElement | null) => string) => unknown} parts.buttons
 */
function workspaceDialog({ copyDialog, sessions, workspaces }, { title, text, label, done, act, buttons }) {
  const session = sessions.find(({ key }) => key === copyDialog?.key);
  if (!copyDialog || !session) return nothing;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void begin(act(session, copyDialog, nameIn(/** @type {HTMLFormElement} */ (event.currentTarget))));
  };
  const content =
    copyDialog.status === "done"
      ? html`<div class="copy-form" tabindex="-1" data-focus-home>${done(session, copyDialog.result)}
          <div class="dialog-buttons"><button type="button" class="button primary" data-done @click=${closeCopyDialog}>Close</button></div>
        </div>`
      : html`<form class="copy-form" tabindex="-1" data-focus-home @submit=${submit}>
          <p>${text}</p>
          <label class="field"><span>Name of the workspace</span>
            <input type="text" name="workspace" list="workspace-names" required autofocus
              .defaultValue=${session.workspaceId || (workspaces[0] ?? "")} ?readonly=${isCopying(copyDialog)}
              pattern=${NAME_PATTERN} title="Letters, digits, hyphens and underscores"
              maxlength="128" autocomplete="off" autocapitalize="none" spellcheck="false"
              aria-describedby="workspace-rule copy-problem"></label>
          <p id="workspace-rule" class="muted small">Letters, digits, hyphens and underscores.</p>
          ${workspaceNames(workspaces)}
          ${copyFoot(copyDialog, { label, buttons: buttons(session, copyDialog, nameIn), ...(isConflict(copyDialog) ? { problem: CONFLICT } : {}) })}
        </form>`;
  return dialog({ title, onClose: closeCopyDialog, content });
}

/** @param {CopyDialog} dialog */
function isConflict({ error }) {
  return error?.code === "WorkspaceChanged";
}

/** @param {string[]} names */
export function workspaceNames(names) {
  return html`<datalist id="workspace-names">${names.map((name) => html`<option value=${name}></option>`)}</datalist>`;
}

/** @param {HTMLFormElement | null} form */
function nameIn(form) {
  return form ? String(new FormData(form).get("workspace")).trim() : "";
}

/** @param {Promise<void>} ending */
async function begin(ending) {
  focusNext("dialog [data-copying]");
  await ending;
  focusNext("dialog [data-done], dialog .dialog-buttons .button");
}

/**
 * @param {Workspace} workspace
 * @param {string} verb
 */
function facts({ workspaceId, fileCount, size }, verb) {
  return html`${counted(fileCount, "file")}, ${sizeText(size)}, ${fileCount === 1 ? "is" : "are"} ${verb} ${verb === "saved" ? "as" : "from"} ${workspaceId}`;
}

/**
 * @param {Session} session
 * @param {string} name
 */
function useChoice(session, name) {
  const chosen = (/** @type {Event} */ { currentTarget }) =>
    useWorkspace(session, /** @type {HTMLInputElement} */ (currentTarget).checked ? name : "");
  return html`<label class="choice"><input type="checkbox" .checked=${session.workspaceId === name} @change=${chosen}>
    <span>Also save it after each run of this session that changes files</span></label>`;
}
