// On phones: which pane is shown, and the button that runs the code, where a thumb reaches it.
import { html } from "../libraries/lit-html.js";
import { isRunning } from "../state/lifetime.js";
import { update } from "../state/store.js";
import { runButton } from "./code/run_button.js";
import { tabs } from "./controls/tabs.js";

/** @typedef {import("../state/types.js").State} State */
/** @typedef {import("../state/types.js").Session} Session */

/**
 * @param {State} state
 * @param {Session} session
 */
export function paneTabs(state, session) {
  const count = session.files.length;
  return html`<nav class="pane-tabs" aria-label="Panes">${tabs({
    label: "Panes",
    name: "show",
    selected: state.pane,
    tabs: [
      {
        key: "files",
        content: html`Files ${count ? html`<span class="digits muted">${count}</span>` : ""}`,
        controls: "files",
      },
      { key: "code", content: "Code", controls: "code" },
      { key: "results", content: "Results", controls: "results" },
    ],
    onSelect: showPane,
  })}</nav>`;
}

/** @param {string} name */
function showPane(name) {
  update((state) => {
    state.pane = /** @type {State["pane"]} */ (name);
  });
}

/** @param {Session} session */
export function runBar(session) {
  const follow = () => {
    if (isRunning(session)) showPane("results");
  };
  return html`<div class="run-bar" @click=${follow}>${runButton(session)}</div>`;
}
