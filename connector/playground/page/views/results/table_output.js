// A data frame that a run displayed: one table, of the several forms in which it is reported.

import { toCsv } from "../../content/table_values.js";
import { count } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { saveBlob } from "../../state/saving.js";
import { dataTable } from "../controls/data_table.js";
import { icon } from "../controls/icons.js";
import { resultBlock } from "./result_block.js";

/**
 * @param {{key: string, title?: string, fileName: string, frame: import("../../content/presentation.js").Frame}} table
 */
export function tableOutput({ key, title, fileName, frame }) {
  const { columns, rows, total } = frame;
  return resultBlock({
    heading: title ? `Table: ${title}` : "Table",
    actions: saveTable(fileName, columns, rows),
    content: html`${dataTable({ key, label: title ?? "Table", columns, rows, total })}
      ${rows.length < total ? html`<p class="muted small">The run returned the first ${count(rows.length)} rows. To get all of them, have the code write a file, for example with <code>to_csv</code>.</p>` : nothing}`,
  });
}

/**
 * @param {string} fileName
 * @param {string[]} columns
 * @param {unknown[][]} rows
 */
export function saveTable(fileName, columns, rows) {
  // With a byte order mark, because Excel takes CSV files without one for files of an old encoding.
  const save = () => saveBlob(new Blob(["\ufeff", toCsv(columns, rows)], { type: "text/csv" }), fileName);
  return html`<button type="button" class="quiet" title="Save the rows as a CSV file. Text that looks like a formula gets an apostrophe in front." @click=${save}>
    ${icon("download")} CSV
  </button>`;
}
