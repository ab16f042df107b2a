// What is a table: CSV and Excel files, whose libraries are loaded when they are first needed, and records in JSON.
import { loaded } from "../api/client.js";
import { archiveOf } from "./archive.js";

import { unzip } from "./unzip.js";

/** @typedef {{name: string, columns: string[], rows: unknown[][], total?: number}} Sheet */

const MOST_ROWS = 500;
/** Without zeros in front, which only codes have, and without more digits than JavaScript keeps. */
const NUMBER = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,14})?$/;
const MOST_UNPACKED_BYTES = 150_000_000;
/** Of a table, with those that are empty: they take memory, too. */
const MOST_CELLS = 5_000_000;
const PLACE = /\sr\s*=\s*(?:(["'])([A-Z]{0,3})(\d{1,7})\1)?/g;

/**
 * @param {string} text
 * @param {{isComplete: boolean, delimiter?: string}} options without a delimiter, it is guessed
 * @returns {Promise<Sheet>} without its total if the text is the beginning of a file
 */
export async function csvSheet(text, { isComplete, delimiter = "" }) {
  const { default: csv } = await loaded(import("../libraries/csv.js"));
  const { data } = csv.parse(text.replace(/^\ufeff/, ""), { delimiter, skipEmptyLines: "greedy" });
  const rows = /** @type {string[][]} */ (data);
  if (!isComplete && rows.length > 1) rows.pop(); // which may be half a line
  const sheet = sheetOf("", rows, isComplete);
  for (const column of sheet.columns.keys()) asNumbers(sheet.rows, column);
  return sheet;
}

/**
 * Makes a column numbers, so that it can be sorted, if all of its cells are such.
 * @param {unknown[][]} rows
 * @param {number} column
 */
function asNumbers(rows, column) {
  const isNumber = (/** @type {unknown[]} */ { [column]: cell }) => cell === null || NUMBER.test(String(cell));
  if (!rows.every(isNumber)) return;
  for (const row of rows) if (row[column] !== null) row[column] = Number(row[column]);
}

/**
 * @param {Blob} blob an .xlsx file
 * @returns {Promise<Sheet[]>}
 * @throws {RangeError} if it is too large when unpacked; Error if it is no such file
 */
export async function excelSheets(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const files = await unzip(bytes, (name) => /\.(?:xml|rels)$/i.test(name), MOST_UNPACKED_BYTES);
  const text = new TextDecoder();
  for (const { content } of files) if (cellsIn(text.decode(content)) > MOST_CELLS) throw new RangeError("too large");
  const { default: readExcel } = await loaded(import("../libraries/excel.js"));
  // Not compressed, because the library would unpack it in a worker, which the page's policy refuses.
  const sheets = await readExcel(await archiveOf(files));
  return sheets.map(({ sheet, data }) => sheetOf(sheet, data, true));
}

/**
 * @param {string} name
 * @param {unknown[][]} lines of which the first has the names of the columns
 * @param {boolean} isComplete
 * @returns {Sheet}
 */
function sheetOf(name, [head = [], ...lines], isComplete) {
  const rows = lines.slice(0, MOST_ROWS);
  const width = rows.reduce((most, row) => Math.max(most, row.length), head.length);
  const columns = Array.from({ length: width }, (_, index) => String(head[index] ?? ""));
  return {
    name,
    columns,
    rows: rows.map((row) => columns.map((_, index) => cellOf(row[index]))),
    ...(isComplete ? { total: lines.length } : {}),
  };
}

/**
 * @param {unknown} value of JSON
 * @returns {{columns: string[], rows: unknown[][]} | null} null unless it is a list of objects with simple members
 */
export function recordsTable(value) {
  if (!Array.isArray(value)) return null;
  /** @type {Set<string>} */
  const names = new Set();
  for (const record of value) {
    if (record === null || typeof record !== "object" || Array.isArray(record)) return null;
    for (const [name, member] of Object.entries(record)) {
      if (member !== null && typeof member === "object") return null;
      names.add(name);
    }
  }
  // Records without common members would make a table that is empty but for its diagonal, and larger than all memory.
  if (names.size === 0 || names.size * value.length > MOST_CELLS) return null;
  const columns = [...names];
  return {
    columns,
    rows: value.map((record) => columns.map((name) => (Object.hasOwn(record, name) ? record[name] : null))),
  };
}

/**
 * @param {unknown} value of JSON
 * @param {boolean} isComplete
 * @returns {Sheet | null} null if it is no table
 */
export function recordsSheet(value, isComplete) {
  const table = recordsTable(value);
  if (!table) return null;
  const { columns, rows } = table;
  return { name: "", columns, rows: rows.slice(0, MOST_ROWS), ...(isComplete ? { total: rows.length } : {}) };
}

/** @param {unknown} value */
function cellOf(value) {
  if (value === undefined || value === null || value === "") return null;
  if (!(value instanceof Date)) return value;
  // Excel counts in days, whose fractions are not exactly those of seconds.
  const seconds = Math.round(value.getTime() / 1000);
  const text = Number.isNaN(seconds) ? "" : new Date(seconds * 1000).toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.slice(0, 19).replace("T", " ");
}

/**
 * @param {string} part XML
 * @returns {number} how many cells the table in it has, with the empty ones
 */
function cellsIn(part) {
  if (!part.includes("sheetData")) return 0;
  let [rows, columns] = [0, 0];
  for (const [, quote, letters, digits] of part.matchAll(PLACE)) {
    if (quote === undefined) return Number.POSITIVE_INFINITY; // written such that another place may be meant
    const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
    columns = Math.max(columns, column);
    rows = Math.max(rows, Number(digits));
  }
  return rows * columns;
}
