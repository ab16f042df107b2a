// The page as a whole: its regions, from top to bottom.
import { html } from "../libraries/lit-html.js";
import { codePane } from "./code_pane.js";
import { connectionBanner } from "./connection_banner.js";
import { dialogs } from "./dialogs.js";
import { filesPane } from "./files_pane.js";
import { header } from "./header.js";
import { resultsPane } from "./results_pane.js";
import { sessionBanner, sessionBar } from "./session_bar.js";

/** @param {import("../state/store.js").State} state */
export function app(state) {
  const session = state.sessions.find((candidate) => candidate.key === state.currentKey);
  if (!session) return html``;
  return html`
    ${header(state)} ${sessionBar(state, session)} 
    <div class="banners">${connectionBanner(state)} ${sessionBanner(state, session)}</div>
    <main data-pane=${state.pane}>${filesPane(state, session)} ${codePane(state, session)} ${resultsPane(state, session)}</main>
    ${dialogs(state, session)}
    <p class="visually-hidden" role="status">${state.announcement}</p>
  `;
}
