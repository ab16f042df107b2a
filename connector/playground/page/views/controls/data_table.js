// A table of data: its columns can be sorted, it scrolls, and its heads stay. Rows and columns beyond what browsers lay
// out quickly are shown when asked for, or left to the file.

import { cellText, isMissing, kindOfColumn, sortRows, unroundedText } from "../../content/table_values.js";
import { count, counted } from "../../format.js";
import { guard, html, ifDefined, nothing } from "../../libraries/lit-html.js";
import { state as store, update } from "../../state/store.js";
import { icon } from "./icons.js";

const CELLS_AT_FIRST = 8000;
const MOST_COLUMNS = 200;

/**
 * @typedef {Object} Table
 * @property {string} key tells tables of the page apart; its sort order is kept under it
 * @property {string} label for screen readers
 * @property {string[]} columns
 * @property {unknown[][]} rows the same array as long as nothing changes, because the table is then not made again
 * @property {number} [total] how many rows there are, if `rows` are only the first
 */

/** @param {Table} table */
export function dataTable({ key, label, columns, rows, total = rows.length }) {
  const { sorts, rowLimits } = store.results;
  const sort = sorts[key];
  const limit = rowLimits[key] ?? rowsAtFirst(columns.length);
  // The names are joined because callers may create the array each time.
  return guard([key, label, columns.join("\n"), rows, total, sort, limit], () => {
    const shownColumns = columns.slice(0, MOST_COLUMNS);
    const kinds = shownColumns.map((_, column) => kindOfColumn(rows, column));
    const sorted = sort ? sortRows(rows, sort.column, sort.isDescending) : rows;
    if (columns.length === 0) return html`<p class="muted">There is nothing in this table.</p>`;
    return html`<div class="data-table">
      <div class="table-scroll" role="group" aria-label=${label} tabindex="0">
        <table>
          <thead>
            <tr>
              ${shownColumns.map((name, column) => columnHead(key, name, column, kinds[column], sort))}
            </tr>
          </thead>
          <tbody>
            ${sorted.slice(0, limit).map((row) => tableRow(row, kinds))}
          </tbody>
        </table>
        ${rows.length === 0 ? html`<p class="no-rows muted">No rows</p>` : nothing}
      </div>
      ${facts(key, columns.length, rows.length, total, limit)}
    </div>`;
  });
}

/** @param {number} columns */
function rowsAtFirst(columns) {
  return Math.max(50, Math.floor(CELLS_AT_FIRST / Math.max(1, Math.min(columns, MOST_COLUMNS))));
}

/**
 * @param {string} key
 * @param {string} name
 * @param {number} column
 * @param {string} kind
 * @param {{column: number, isDescending: boolean} | undefined} sort
 */
function columnHead(key, name, column, kind, sort) {
  const isSorted = sort?.column === column;
  const direction = isSorted ? (sort.isDescending ? "descending" : "ascending") : "none";
  return html`<th scope="col" class=${kind} aria-sort=${direction}>
    <button type="button" @click=${() => sortNext(key, column)}>
      <bdi>${name === "" ? "\u00a0" : name}</bdi>${icon("chevron")}
    </button>
  </th>`;
}

/**
 * Sorts upward, then downward, then not at all.
 * @param {string} key
 * @param {number} column
 */
function sortNext(key, column) {
  update(({ results }) => {
    const sort = results.sorts[key];
    if (sort?.column !== column) results.sorts[key] = { column, isDescending: false };
    else if (!sort.isDescending) results.sorts[key] = { column, isDescending: true };
    else delete results.sorts[key];
  });
}

/**
 * @param {unknown[]} row
 * @param {("number" | "date" | "text")[]} kinds
 */
function tableRow(row, kinds) {
  return html`<tr>
    ${kinds.map((kind, column) => {
      const cell = row[column];
      if (isMissing(cell)) return html`<td class="${kind} missing">none</td>`;
      const text = cellText(cell, kind);
      // What does not fit into a column, and what was rounded, can be read by pointing at it.
      const whole = unroundedText(cell, text);
      const title = text.length > 40 || whole !== text ? whole : undefined;
      return html`<td class=${kind} dir="auto" title=${ifDefined(title)}>${text}</td>`;
    })}
  </tr>`;
}

/**
 * @param {string} key
 * @param {number} columns
 * @param {number} rows
 * @param {number} total
 * @param {number} limit
 */
function facts(key, columns, rows, total, limit) {
  const shown = Math.min(rows, limit);
  const rowsText = shown < total ? `${count(shown)} of ${counted(total, "row")}` : counted(total, "row");
  const columnsText =
    columns > MOST_COLUMNS ? `${MOST_COLUMNS} of ${counted(columns, "column")}` : counted(columns, "column");
  return html`<p class="table-facts muted digits">
    <span>${rowsText}, ${columnsText}</span>
    ${shown < rows ? html`<button type="button" class="quiet" @click=${() => showMore(key, limit)}>Show more rows</button>` : nothing}
  </p>`;
}

/**
 * @param {string} key
 * @param {number} limit
 */
function showMore(key, limit) {
  update(({ results }) => {
    results.rowLimits[key] = limit * 4;
  });
}
