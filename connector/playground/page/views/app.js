// The page as a whole: its regions, from top to bottom.
import { html } from "../libraries/lit-html.js";
import { update } from "../state/store.js";
import { codePane } from "./code/code_pane.js";
import { connectionBanner } from "./connection/connection_banner.js";
import { dialogs } from "./dialogs.js";
import { filesPane } from "./files/files_pane.js";
import { header } from "./header.js";
import { paneTabs, runBar } from "./phone_bars.js";
import { resultsPane } from "./results/results_pane.js";
import { sessionBanner } from "./sessions/session_banner.js";
import { sessionBar } from "./sessions/session_bar.js";
import { focusPane } from "./shortcuts.js";
import { splitter } from "./splitter.js";

/** @param {import("../state/types.js").State} state */
export function app(state) {
  const session = state.sessions.find((candidate) => candidate.key === state.currentKey);
  if (!session) return html``;
  const { files, results } = state.widths;
  return html`
    <button type="button" class="skip" @click=${() => focusPane("code")}>Skip to the code</button>
    ${header(state)} ${sessionBar(state, session)}
    <div class="banners">${connectionBanner(state)} ${sessionBanner(state, session)}</div>
    ${paneTabs(state, session)}
    <main data-pane=${state.pane} .style=${`--files: ${files}px; --code: ${100 - results}fr; --results: ${results}fr`}>
      <div id="panes" class="panes" role="tabpanel" data-status=${session.status} aria-labelledby="tab-${session.key}">
        ${filesPane(state, session)}
        ${splitter({
          name: "after-files",
          label: "Width of Files",
          controls: "files",
          value: files,
          least: 180,
          most: 560,
          initial: 256,
          step: 16,
          valueAt: (x) => x,
          onMove: (value) => resize({ files: value }),
        })}
        ${codePane(state, session)}
        ${splitter({
          name: "after-code",
          label: "Width of Results",
          controls: "results",
          value: results,
          least: 25,
          most: 75,
          initial: 50,
          step: 2,
          valueAt: (x, width) => (100 * (width - x)) / (width - files),
          onMove: (value) => resize({ results: value }),
        })}
        ${resultsPane(state, session)}
      </div>
    </main>
    ${runBar(session)} ${dialogs(state, session)}
    <p class="visually-hidden" role="status">${state.announcement}</p>
  `;
}

/** @param {Partial<import("../state/types.js").State["widths"]>} widths */
function resize(widths) {
  update((state) => {
    Object.assign(state.widths, widths);
  });
}
