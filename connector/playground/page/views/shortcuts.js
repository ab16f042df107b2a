// The keyboard shortcuts of the page, and the dialog that lists them.
import { html } from "../libraries/lit-html.js";
import { state, update } from "../state/store.js";
import { COMMAND_KEY } from "./controls/command_key.js";
import { dialog } from "./controls/dialog.js";
import { icon } from "./controls/icons.js";

const PANES = /** @type {const} */ (["files", "code", "results"]);

/** @type {[string[], string][]} */
const SHORTCUTS = [
  [[COMMAND_KEY, "Enter"], "Run the code"],
  [["Esc", "Tab"], "Leave the editor, in which Tab indents"],
  [["F6"], "Go to the next of Files, Code and Results, then on to the browser; with Shift, back"],
  [["←", "→"], "On tabs: select the one beside it; Home and End, the first and the last"],
  [["F2"], "On a session's tab: rename it"],
  [["Delete"], "On a session's tab: close it"],
  [["←", "→"], "On a line between panes: move it; Home and End, as far as possible"],
];

/** The button that opens the dialog. */
export function shortcutsButton() {
  const open = () =>
    update((state) => {
      state.dialog = "shortcuts";
    });
  return html`<button type="button" class="quiet" aria-label="Keyboard shortcuts" title="Keyboard shortcuts" @click=${open}>${icon("help")}</button>`;
}

export function shortcutsDialog() {
  return dialog({
    title: "Keyboard shortcuts",
    content: html`<dl class="shortcuts">
      ${SHORTCUTS.map(
        ([keys, effect]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${effect}</dd></div>`,
      )}
    </dl>`,
  });
}

/** Listens for F6. After the last pane, the browser gets it, which moves the focus to its own parts. */
export function listenForShortcuts() {
  addEventListener("keydown", (event) => {
    if (event.key !== "F6" || event.ctrlKey || event.altKey || event.metaKey || state.dialog) return;
    const active = PANES.findIndex((pane) => document.getElementById(pane)?.contains(document.activeElement));
    const next = event.shiftKey ? (active < 0 ? PANES.length : active) - 1 : active + 1;
    if (next < 0 || next >= PANES.length) return;
    event.preventDefault();
    focusPane(PANES[next]);
  });
}

/**
 * Shows a pane, where only one has room, and moves the focus into it.
 * @param {(typeof PANES)[number]} name
 */
export function focusPane(name) {
  update((state) => {
    state.pane = name;
  });
  queueMicrotask(() => {
    // After the page is rendered. In the editor, the focus belongs where text is entered.
    const pane = document.getElementById(name);
    const target = pane?.querySelector(".pane-body textarea") ?? pane;
    if (!(target instanceof HTMLElement)) return;
    if (target === pane) target.tabIndex = -1;
    target.focus();
  });
}
