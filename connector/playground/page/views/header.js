// The top line: name, connection, documents, theme.
import { html } from "../libraries/lit-html.js";
import { shortcutsButton } from "./shortcuts.js";

/** @param {import("../state/store.js").State} state */
export function header(state) {
  return html`<header class="top">
    <h1>Code Interpreter <span>Playground</span></h1>
    <span class="spacer"></span>
    <span>${state.connection.status}</span>
    ${shortcutsButton()}
  </header>`;
}
