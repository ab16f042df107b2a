// JSON as people read it.

const WIDTH = 80;
/** Deeper than what people read. Indents would take more than all memory. */
const MOST_LEVELS = 100;
/** Text that is mostly indents is no easier to read. */
const MOST_GROWTH = 10;
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]|[^\s[\]{},:"]+/g;

/**
 * A value of a text in JSON: a string, number or word as it is written there, or a list or object.
 * @typedef {string | {isList: boolean, items: [string, Node][], line: string | null}} Node
 */

/**
 * Indents JSON; what is short stays on one line. Numbers and strings remain as they are written, because JavaScript would
 * round long numbers.
 * @param {string} text valid JSON
 * @returns {string}
 */
export function formatJson(text) {
  try {
    const formatted = laidOut(nodeOf((text.match(TOKEN) ?? []).values(), 0), "");
    return formatted.length > text.length * MOST_GROWTH + WIDTH ** 2 ? text : formatted;
  } catch (failure) {
    if (failure instanceof RangeError) return text; // it is nested too deeply for any reader
    throw failure;
  }
}

/**
 * @param {Iterator<string>} tokens
 * @param {number} level
 * @param {string} [first] the token that was read last
 * @returns {Node}
 * @throws {RangeError} if it is nested too deeply
 */
function nodeOf(tokens, level, first = next(tokens)) {
  if (level > MOST_LEVELS) throw new RangeError("too deep");
  if (first !== "[" && first !== "{") return first;
  const isList = first === "[";
  /** @type {[string, Node][]} */
  const items = [];
  for (let token = next(tokens); token !== "]" && token !== "}"; token = next(tokens)) {
    if (token === ",") continue;
    if (isList) items.push(["", nodeOf(tokens, level + 1, token)]);
    else {
      next(tokens); // the colon
      items.push([`${token}: `, nodeOf(tokens, level + 1)]);
    }
  }
  return { isList, items, line: lineOf(isList, items) };
}

/** @param {Iterator<string>} tokens */
function next(tokens) {
  return tokens.next().value ?? "";
}

/**
 * @param {boolean} isList
 * @param {[string, Node][]} items
 * @returns {string | null} null if it is too long for one line
 */
function lineOf(isList, items) {
  const parts = [];
  let length = 0;
  for (const [name, node] of items) {
    const line = typeof node === "string" ? node : node.line;
    if (line === null) return null;
    parts.push(name + line);
    length += name.length + line.length + 2;
    if (length > WIDTH) return null;
  }
  return isList ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`;
}

/**
 * @param {Node} node
 * @param {string} indent
 * @returns {string}
 */
function laidOut(node, indent) {
  if (typeof node === "string") return node;
  const { isList, items, line } = node;
  if (line !== null && line.length + indent.length <= WIDTH) return line;
  const inner = `${indent}  `;
  const lines =
    isList && items.every(([, item]) => typeof item === "string")
      ? filled(/** @type {[string, string][]} */ (items), inner)
      : items.map(([name, item]) => inner + name + laidOut(item, inner)).join(",\n");
  const [open, close] = isList ? "[]" : "{}";
  return `${open}\n${lines}\n${indent}${close}`;
}

/**
 * @param {[string, string][]} items
 * @param {string} indent
 * @returns {string} as many on a line as fit
 */
function filled(items, indent) {
  const lines = [indent];
  items.forEach(([, item], index) => {
    const text = item + (index < items.length - 1 ? "," : "");
    const line = lines[lines.length - 1];
    const isFirst = line === indent;
    if (!isFirst && line.length + text.length >= WIDTH) lines.push(indent + text);
    else lines[lines.length - 1] = isFirst ? line + text : `${line} ${text}`;
  });
  return lines.join("\n");
}
