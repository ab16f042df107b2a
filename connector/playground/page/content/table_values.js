// Cells of tables: their order, and their text, for people and for CSV files.

const collator = new Intl.Collator(undefined, { numeric: true });
/** Integers that are too large for a number of JavaScript come as text. */
const LARGE_INTEGER = /^-?\d{16,}$/;
const MIDNIGHT = /^\d{4}-\d\d-\d\dT00:00:00(?:\.0+)?$/;
/** What spreadsheets take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;
const LONGEST_CELL = 2000;
const DIGITS = 6;
/** Fractions below this have significant digits instead of decimals. */
const SMALL = 0.001;

/**
 * @param {unknown[][]} rows
 * @param {number} column
 * @returns {"number" | "date" | "text"} what the column holds, judged by all of its cells; dates are days without a time
 */
export function kindOfColumn(rows, column) {
  let kind = /** @type {"number" | "date" | "text" | null} */ (null);
  for (const row of rows) {
    const cell = row[column];
    if (isMissing(cell)) continue;
    const isText = typeof cell === "string" || cell instanceof Date;
    const found = isNumber(cell) ? "number" : isText && MIDNIGHT.test(exactText(cell)) ? "date" : "text";
    if (found === "text" || (kind && kind !== found)) return "text";
    kind = found;
  }
  return kind ?? "text";
}

/** @param {unknown} cell */
export function isMissing(cell) {
  return cell === null || cell === undefined;
}

/** @param {unknown} cell */
function isNumber(cell) {
  return typeof cell === "number" || (typeof cell === "string" && LARGE_INTEGER.test(cell));
}

/**
 * @param {unknown} cell that is not missing
 * @param {"number" | "date" | "text"} kind of its column
 * @returns {string} its text on the page. Fractions are rounded, as pandas shows them
 */
export function cellText(cell, kind) {
  if (typeof cell === "number") return Number.isInteger(cell) ? String(cell) : String(rounded(cell));
  const text = exactText(cell);
  if (kind === "date") return text.slice(0, 10);
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
}

/**
 * @param {number} number
 * @returns {number} with as many decimals as can be read at a glance
 */
function rounded(number) {
  return Number(Math.abs(number) < SMALL ? number.toPrecision(DIGITS) : number.toFixed(DIGITS));
}

/**
 * @param {unknown} cell that is not missing
 * @param {string} text as it is on the page
 * @returns {string} the text without the rounding; 12 digits hide what binary fractions add
 */
export function unroundedText(cell, text) {
  return typeof cell === "number" && !Number.isInteger(cell) ? String(Number(cell.toPrecision(12))) : text;
}

/**
 * @param {unknown} cell
 * @returns {string}
 */
function exactText(cell) {
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? "" : cell.toISOString().slice(0, 19);
  return typeof cell === "string" ? cell : JSON.stringify(cell);
}

/**
 * The rows in the order of a column: numbers by size, before text; missing cells are last in both directions.
 * @param {unknown[][]} rows
 * @param {number} column
 * @param {boolean} isDescending
 * @returns {unknown[][]}
 */
export function sortRows(rows, column, isDescending) {
  const direction = isDescending ? -1 : 1;
  return [...rows].sort((first, second) => {
    const [a, b] = [first[column], second[column]];
    if (isMissing(a) || isMissing(b)) return Number(isMissing(a)) - Number(isMissing(b));
    return direction * compare(a, b);
  });
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
  return collator.compare(exactText(a), exactText(b));
}

/**
 * A table as a CSV file. Text that a spreadsheet would take for a formula gets an apostrophe before it: what code
 * returns may come from strangers. Numbers are left as they are, negative ones too.
 * @param {string[]} columns
 * @param {unknown[][]} rows
 * @returns {string}
 */
export function toCsv(columns, rows) {
  return `${[columns, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

/** @param {unknown} cell */
function csvCell(cell) {
  if (isMissing(cell)) return "";
  let text = exactText(cell);
  if (typeof cell === "string" && FORMULA.test(text) && !isNumeric(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string} text */
function isNumeric(text) {
  return /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);
}
