// What can be done with a run: its code and its JSON are copied, its outputs are saved.
import { html, nothing } from "../../libraries/lit-html.js";
import { saveAllOutputs } from "../../state/runs/outputs.js";
import { copyText } from "../controls/copy.js";
import { icon } from "../controls/icons.js";

const ID = "run-menu";

/**
 * @param {import("../../state/types.js").Session} session
 * @param {import("../../state/types.js").Run} run
 */
export function runMenu(session, run) {
  const { execution } = run;
  return html`<button type="button" class="quiet" popovertarget=${ID} aria-label="More for run ${run.number}" title="More">
      ${icon("more")}
    </button>
    <div id=${ID} class="run-menu" popover aria-label="Run ${run.number}" @beforetoggle=${place}>
      ${item("copy", "Copy the code", () => copyText(run.code))}
      ${execution ? item("copy", "Copy the result as JSON", () => copyText(JSON.stringify(execution, null, 2))) : nothing}
      ${execution?.outputs.length ? item("download", "Save all outputs", () => saveAllOutputs(session, run)) : nothing}
    </div>`;
}

/**
 * @param {"copy" | "download"} name
 * @param {string} label
 * @param {() => void} action
 */
function item(name, label, action) {
  return html`<button type="button" class="quiet" popovertarget=${ID} popovertargetaction="hide" @click=${action}>
    ${icon(name)} ${label}
  </button>`;
}

/**
 * Browsers show popovers above the page, but not yet beside their buttons.
 * @param {Event & {newState?: string}} event
 */
function place(event) {
  const menu = /** @type {HTMLElement} */ (event.currentTarget);
  const button = menu.previousElementSibling;
  if (event.newState !== "open" || !button) return;
  const { right, bottom } = button.getBoundingClientRect();
  menu.style.top = `${bottom + 4}px`;
  menu.style.right = `${document.documentElement.clientWidth - right}px`;
}
