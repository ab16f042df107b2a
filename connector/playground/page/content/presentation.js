// What of a run is shown, and as what: outputs that are several forms of one thing are one part.

import { counted } from "../format.js";

/** @typedef {import("../api/models.js").Output} Output */
/** @typedef {import("../api/models.js").Execution} Execution */

/**
 * One thing that a run displayed.
 * @typedef {Object} Part
 * @property {"figure" | "table" | "html" | "json" | "text" | "file"} kind
 * @property {string} key tells it apart from the other parts of the run
 * @property {Output} output
 * @property {Output} [html] of a table: the same data frame as HTML
 */

/**
 * A data frame, as runs report it.
 * @typedef {Object} Frame
 * @property {string[]} columns with those of the index first, unless it only counts the rows
 * @property {unknown[][]} rows
 * @property {number} total how many rows the data frame has
 */

/** What browsers show as images, of what runs display. */
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"]);

/** How Python names a value that is an image: where the image is shown, the words say nothing. */
const IMAGE_IN_WORDS = /^<(?:PIL\.|Figure size |IPython\.core\.display\.(?:Image|SVG) )[^>]*>$/;

/** @type {WeakMap<object, Frame | null>} by what holds the content, which stays the same while nothing changes */
const frames = new WeakMap();

/** @param {Output} output */
export function isImage(output) {
  return IMAGES.has(mediaType(output));
}

/** @param {Output} output */
export function mediaType(output) {
  return output.contentType.split(";")[0].trim().toLowerCase();
}

/** @param {Output} output */
export function isText(output) {
  const type = mediaType(output);
  return type.startsWith("text/") || type === "image/svg+xml" || /[/+](?:json|xml)$/.test(type);
}

/**
 * @param {Output} output
 * @returns {string} what an image is called for those who do not see it
 */
export function alternative(output) {
  return output.title || "Chart without a title";
}

/**
 * An address of an image: of data, because such an address has no origin, should someone open it in a tab.
 * @param {Output} output
 * @param {string} content
 */
export function imageAddress(output, content) {
  const type = mediaType(output);
  return isText(output)
    ? `data:${type};charset=utf-8,${encodeURIComponent(content)}`
    : `data:${type};base64,${content}`;
}

/**
 * The parts of a run, in the order in which it displayed them.
 * @param {Output[]} outputs
 * @returns {Part[]}
 */
export function partsOf(outputs) {
  /** @type {Part[]} */
  const parts = [];
  outputs.forEach((output, index) => {
    const key = output.fileName ?? `output-${index + 1}`;
    const type = mediaType(output);
    if (isImage(output)) parts.push({ kind: "figure", key, output });
    else if (type === "text/html") parts.push({ kind: "html", key, output });
    else if (type === "application/json") {
      const isFrame = output.content === undefined || frameOf(output, output.content) !== null;
      const before = parts.at(-1);
      const html = isFrame && outputs[index - 1] === before?.output && before?.kind === "html" ? before.output : null;
      if (html && html.title === output.title) parts[parts.length - 1] = { kind: "table", key, output, html };
      else if (isFrame && output.content !== undefined) parts.push({ kind: "table", key, output });
      else parts.push({ kind: "json", key, output });
    } else if (type.startsWith("text/")) parts.push({ kind: "text", key, output });
    else parts.push({ kind: "file", key, output });
  });
  return parts;
}

/**
 * @param {object} holder of the content, for which the result is kept
 * @param {string} content
 * @returns {Frame | null} null if the content is not that of a data frame
 */
export function frameOf(holder, content) {
  let frame = frames.get(holder);
  if (frame === undefined) {
    frame = parseFrame(content);
    frames.set(holder, frame);
  }
  return frame;
}

/**
 * @param {string} content
 * @returns {Frame | null}
 */
function parseFrame(content) {
  try {
    const { columns, rows, rowCount } = JSON.parse(content);
    const isFrame =
      Array.isArray(columns) && Array.isArray(rows) && rows.every(Array.isArray) && Number.isInteger(rowCount);
    if (!isFrame || !columns.every((column) => typeof column?.name === "string")) return null;
    JSON.stringify(rows); // which fails if cells are nested without end, as their texts would
    return { columns: columns.map((column) => column.name), rows, total: Math.max(rowCount, rows.length) };
  } catch {
    return null;
  }
}

/**
 * The value of the last line, unless it is one of the tables, or an image.
 * @param {Execution} execution
 * @param {Part[]} parts
 * @returns {{value?: unknown, text: string} | null} value is undefined if it has no JSON form
 */
export function resultOf(execution, parts) {
  const { value, result } = execution;
  if (value === undefined && !result) return null;
  if (IMAGE_IN_WORDS.test(result ?? "") && parts.some((part) => part.kind === "figure")) return null;
  const tables = parts.filter((part) => part.kind === "table");
  if (tables.length > 0 && isShown(value, tables)) return null;
  return { value, text: result };
}

/**
 * @param {unknown} value
 * @param {Part[]} tables
 */
function isShown(value, tables) {
  if (Array.isArray(value) && isOneOf(value, tables.slice(-1))) return true;
  if (value === null || typeof value !== "object") return false;
  // A list or dictionary of data frames is a table for each.
  const members = Object.values(value);
  return members.length > 0 && members.every((member) => Array.isArray(member) && isOneOf(member, tables));
}

/**
 * Whether the records are the rows of a table. Values are truncated sooner than tables.
 * @param {unknown[]} records
 * @param {Part[]} tables
 */
function isOneOf(records, tables) {
  const first = records[0];
  const isRecord = first !== null && typeof first === "object" && !Array.isArray(first);
  return tables.some(({ output }) => {
    if (output.content === undefined) return isRecord || records.length === 0;
    const frame = frameOf(output, output.content);
    if (!frame || records.length > frame.rows.length) return false;
    if (records.length === 0) return frame.rows.length === 0;
    const row = /** @type {Record<string, unknown>} */ (Object(first));
    return isRecord && frame.columns.every((name, column) => isSame(row[name], frame.rows[0][column]));
  });
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
function isSame(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/**
 * What a run has made, in a few words.
 * @param {Execution} execution
 * @param {Part[]} parts
 * @returns {string} such as "1 chart, 2 tables, 1 new file"; empty if there is nothing to count
 */
export function summaryOf(execution, parts) {
  /** @param {Part["kind"][]} kinds */
  const count = (...kinds) => parts.filter((part) => kinds.includes(part.kind)).length;
  const changed = execution.files.filter((file) => file.change === "Changed").length;
  /** @type {[number, string][]} */
  const facts = [
    [count("figure"), "chart"],
    [count("table"), "table"],
    [count("html", "json", "text", "file"), "other output"],
    [execution.files.length - changed, "new file"],
    [changed, "changed file"],
  ];
  return facts
    .filter(([number]) => number > 0)
    .map(([number, noun]) => counted(number, noun))
    .join(", ");
}

/**
 * What a run that did not succeed has written to stderr itself, without the traceback that follows it.
 * @param {Execution} execution
 * @returns {{text: string, traceback: string}} traceback is IPython's
 */
export function errorOutputOf({ stderr, error }) {
  if (!error) return { text: stderr, traceback: "" };
  const start = `${error.message}\n`;
  for (let at = stderr.lastIndexOf(start); at >= 0; at = at > 0 ? stderr.lastIndexOf(start, at - 1) : -1) {
    const isLine = at === 0 || stderr[at - 1] === "\n";
    const after = stderr.slice(at + start.length, at + start.length + 40);
    if (isLine && /^(?:-{20}| {2}(?:Cell|File) )/.test(after))
      return { text: stderr.slice(0, at), traceback: stderr.slice(at + start.length).trimEnd() };
  }
  // An interrupt, which is how runs are canceled and how they time out, has no message.
  const interrupted = stderr.lastIndexOf("\nKeyboardInterrupt ");
  const line = interrupted < 0 ? -1 : stderr.lastIndexOf("\n", interrupted - 1) + 1;
  if (line >= 0 && /^-{70,}$/.test(stderr.slice(line, interrupted)))
    return { text: stderr.slice(0, line).replace(/\n$/, ""), traceback: stderr.slice(line).trimEnd() };
  return { text: stderr, traceback: "" };
}
