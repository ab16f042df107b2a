// The pane Code: the editor, and what starts and stops a run.
import { html, nothing } from "../../libraries/lit-html.js";
import { closeNote, undoReplacement } from "../../state/runs/code.js";
import { EXAMPLES, startExample } from "../../state/runs/examples.js";
import { restoreCode } from "../../state/runs/runs.js";
import { update } from "../../state/store.js";
import { icon } from "../controls/icons.js";
import { codeMenu } from "./code_menu.js";
import { editorOf, focusEditor, showLine } from "./editor.js";
import { runButton } from "./run_button.js";
import { usePanel } from "./use_panel.js";
import { workspaceOption } from "./workspace_option.js";

const TIMEOUTS = [
  [10, "10 s"],
  [30, "30 s"],
  [90, "90 s"],
  [300, "5 min"],
  [900, "15 min"],
  [3600, "1 h"],
];
const SHOWN_EARLIER = 20;

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
export function codePane(state, session) {
  const { element, position } = editorOf(session);
  return html`<section id="code" class="pane" aria-labelledby="code-heading">
    <div class="pane-head">
      <h2 id="code-heading">Code</h2>
      ${examples(session)} ${earlier(session)}
      <div class="spacer"></div>
      ${workspaceOption(state, session)} ${runButton(session)}
    </div>
    ${note(session)}
    <div class="pane-body code-body">${element}</div>
    <div class="code-foot">
      <span class="digits code-position">${position}</span>
      ${session.mark ? markedLine(session.mark) : html`<span class="code-hint">Esc, then Tab leaves the editor</span>`}
      <div class="spacer"></div>
      ${timeLimit(session)}
    </div>
    ${usePanel(state, session)}
  </section>`;
}

/** @param {import("../../state/types.js").Session} session */
function examples(session) {
  const items = EXAMPLES.map((example) => ({
    name: example.name,
    note: example.description,
    choose: () => startExample(session, example),
  }));
  return codeMenu({ id: "examples-menu", label: "Examples", items });
}

/** @param {import("../../state/types.js").Session} session */
function earlier(session) {
  if (session.runs.length === 0) return nothing;
  const items = session.runs
    .slice(-SHOWN_EARLIER)
    .reverse()
    .map((run) => ({
      name: `Code of run ${run.number}`,
      note: gist(run.code),
      isCode: true,
      choose: () => {
        restoreCode(session, run);
        focusEditor();
      },
    }));
  return codeMenu({ id: "earlier-menu", label: "History", items });
}

/**
 * @param {string} code
 * @returns {string} the first line that does something, by which people recognize it
 */
function gist(code) {
  const lines = code.split("\n", 200).map((line) => line.trim());
  return (lines.find((line) => line && !/^(?:#|import |from |[)\]}])/.test(line)) ?? lines.find(Boolean) ?? "").slice(
    0,
    100,
  );
}

/** @param {import("../../state/types.js").Session} session */
function note(session) {
  if (!session.codeNote) return nothing;
  const { text, formerCode } = session.codeNote;
  const undo = () => {
    undoReplacement(session);
    focusEditor();
  };
  const close = () => {
    closeNote(session);
    focusEditor();
  };
  return html`<div class="code-note">
    <p role="status">${text}</p>
    ${formerCode === null ? nothing : html`<button type="button" class="quiet" @click=${undo}>Undo</button>`}
    <button type="button" class="quiet" aria-label="Close this note" @click=${close}>${icon("cancel")}</button>
  </div>`;
}

/** @param {{line: number, message: string}} mark */
function markedLine(mark) {
  return html`<button type="button" class="marked-line" title=${mark.message} @click=${() => showLine(mark.line)}>
    Error in line ${mark.line}
  </button>`;
}

/** @param {import("../../state/types.js").Session} session */
function timeLimit(session) {
  const chosen = (/** @type {Event & {currentTarget: HTMLSelectElement}} */ { currentTarget: { value } }) =>
    update(() => {
      session.timeoutInSeconds = Number(value);
    });
  return html`<label class="time-limit"><span>Time limit</span
    ><select @change=${chosen}>
      ${TIMEOUTS.map(
        ([seconds, text]) =>
          html`<option value=${seconds} .selected=${seconds === session.timeoutInSeconds}>${text}</option>`,
      )}
    </select></label
  >`;
}
