// The workspace of a session's runs: its files are restored when the session is new, and saved when they have changed.
import { html, live } from "../../libraries/lit-html.js";
import { whyNotStored } from "../../state/connection/storage.js";
import { NAME_PATTERN, useWorkspace } from "../../state/sessions/workspaces.js";
import { icon } from "../controls/icons.js";
import { popover } from "../controls/popover.js";

const EXPLANATION =
  "Letters, digits, hyphens and underscores. Runs restore its files if the session is new, and save them if they have " +
  "changed, so that the files outlive the session. Empty: the files live as long as the session.";

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
export function workspaceOption(state, session) {
  const { workspaces } = state;
  const { workspaceId } = session;
  const refusal = whyNotStored(state);
  const changed = (/** @type {Event & {currentTarget: HTMLInputElement}} */ { currentTarget }) => {
    currentTarget.value = currentTarget.value.trim();
    if (currentTarget.reportValidity()) useWorkspace(session, currentTarget.value);
  };
  return popover({
    id: "workspace-option",
    label: workspaceId ? `Workspace of runs: ${workspaceId}` : "Workspace of runs: none",
    button: html`<span class="workspace-name">${workspaceId || "Workspace"}</span>${icon("chevron")}`,
    content: html`<div class="workspace-option">
      <label class="field"><span>Workspace of runs</span>
        <input type="text" list="run-workspace-names" .value=${live(workspaceId)} placeholder="none" ?disabled=${refusal !== ""} @change=${changed}
          pattern=${NAME_PATTERN} title="Letters, digits, hyphens and underscores" maxlength="128"
          autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="workspace-option-text"></label>
      <datalist id="run-workspace-names">${workspaces.map((name) => html`<option value=${name}></option>`)}</datalist>
      <p id="workspace-option-text" class="muted">${refusal || EXPLANATION}</p>
    </div>`,
  });
}
