// The value of the last line.

import { formatJson } from "../../content/json_text.js";
import { recordsTable } from "../../content/tables.js";
import { guard, html, nothing } from "../../libraries/lit-html.js";
import { outputKey } from "../../state/runs/outputs.js";
import { copyButton } from "../controls/copy.js";
import { dataTable } from "../controls/data_table.js";
import { growingText } from "../controls/growing_text.js";
import { jsonText } from "../controls/json_text.js";
import { isWide, wrapButton } from "./printed.js";
import { resultBlock } from "./result_block.js";
import { saveTable } from "./table_output.js";

/** @type {WeakMap<object, ReturnType<typeof recordsTable>>} */
const records = new WeakMap();

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 * @param {import("../../state/types.js").Run} run
 * @param {{value?: unknown, text: string}} result
 */
export function resultValue(state, session, run, { value, text }) {
  const { wrap } = state.results;
  const heading = "Result";
  if (value === null || typeof value !== "object") {
    const actions = html`${isWide(text) ? wrapButton(wrap) : nothing} ${copyButton("Copy", () => text)}`;
    return resultBlock({ heading, actions, content: growingText({ label: heading, text, wrap }) });
  }
  const table = recordsIn(value);
  if (table) {
    const content = dataTable({ key: outputKey(session, run, "result"), label: heading, ...table });
    return resultBlock({
      heading,
      actions: saveTable(`run-${run.number}-result.csv`, table.columns, table.rows),
      content,
    });
  }
  const actions = html`${copyButton("Copy JSON", () => formatJson(JSON.stringify(value)))}`;
  const content = html`${jsonText(value, () => JSON.stringify(value), { label: heading, wrap })}
    ${text && !isAlike(text, value) ? asPythonShowsIt(text, wrap) : nothing}`;
  return resultBlock({ heading, actions, content });
}

/**
 * @param {string} text
 * @param {unknown} value
 * @returns {boolean} whether the text shows nothing that the JSON does not show
 */
function isAlike(text, value) {
  const words = { True: "true", False: "false", None: "null" };
  const asJson = text.replace(/\b(?:True|False|None)\b/g, (word) => words[/** @type {"None"} */ (word)]);
  return asJson.replace(/\s/g, "").replaceAll("'", '"') === JSON.stringify(value).replace(/\s/g, "");
}

/**
 * @param {string} text
 * @param {boolean} wrap
 */
function asPythonShowsIt(text, wrap) {
  return html`<details class="traceback">
    <summary>As Python shows it</summary>
    ${guard([text, wrap], () => growingText({ label: "Result as Python shows it", text, wrap }))}
  </details>`;
}

/** @param {object} value */
function recordsIn(value) {
  let found = records.get(value);
  if (found === undefined) {
    found = recordsTable(value);
    records.set(value, found);
  }
  return found;
}
