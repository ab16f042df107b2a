// What can be done with a run: its code and its JSON are copied, its outputs are saved.
import { html, nothing } from "../../libraries/lit-html.js";
import { saveAllOutputs } from "../../state/runs/outputs.js";
import { copyText } from "../controls/copy.js";
import { icon } from "../controls/icons.js";
import { entry, popover } from "../controls/popover.js";

/**
 * @param {import("../../state/types.js").Session} session
 * @param {import("../../state/types.js").Run} run
 */
export function runMenu(session, run) {
  const { execution } = run;
  return popover({
    id: "run-menu",
    label: `More for run ${run.number}`,
    button: icon("more"),
    content: html`
      ${entry("Copy the code", () => copyText(run.code))}
      ${execution ? entry("Copy the result as JSON", () => copyText(JSON.stringify(execution, null, 2))) : nothing}
      ${execution?.outputs.length ? entry("Save all outputs", () => saveAllOutputs(session, run)) : nothing}
    `,
  });
}
