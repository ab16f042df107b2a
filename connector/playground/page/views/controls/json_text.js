// A JSON value as text for people: indented, short lists on one line, with colors.
import { guard, html } from "../../libraries/lit-html.js";

const WIDTH = 80;
/** Beyond this many characters, colors would make the page slow. */
const LONGEST_COLORED = 30_000;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/**
 * @param {unknown} value
 * @param {string} [indent]
 * @returns {string}
 */
export function formatJson(value, indent = "") {
  const short = JSON.stringify(value);
  if (value === null || typeof value !== "object") return short;
  const isList = Array.isArray(value);
  if (Object.keys(value).length === 0) return isList ? "[]" : "{}";
  if (short.length + indent.length <= WIDTH) return spaced(value);
  const inner = `${indent}  `;
  if (isList && value.every((item) => item === null || typeof item !== "object"))
    return `[\n${filled(value, inner)}\n${indent}]`;
  const items = isList
    ? value.map((item) => inner + formatJson(item, inner))
    : Object.entries(value).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${formatJson(item, inner)}`);
  const [open, close] = isList ? "[]" : "{}";
  return `${open}\n${items.join(",\n")}\n${indent}${close}`;
}

/**
 * @param {unknown[]} items that are no lists or objects
 * @param {string} indent
 * @returns {string} as many on a line as fit
 */
function filled(items, indent) {
  const lines = [indent];
  items.forEach((item, index) => {
    const text = JSON.stringify(item) + (index < items.length - 1 ? "," : "");
    const line = lines[lines.length - 1];
    const isFirst = line === indent;
    if (!isFirst && line.length + text.length >= WIDTH) lines.push(indent + text);
    else lines[lines.length - 1] = isFirst ? line + text : `${line} ${text}`;
  });
  return lines.join("\n");
}

/**
 * @param {unknown} value
 * @returns {string} on one line
 */
function spaced(value) {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${spaced(item)}`);
  return `{${members.join(", ")}}`;
}

/**
 * @param {unknown} value
 * @param {{label: string, wrap?: boolean}} look
 */
export function jsonText(value, { label, wrap = false }) {
  return html`<pre class=${wrap ? "plain-text wrap" : "plain-text"} role="group" aria-label=${label} tabindex="0">${guard(
    [value],
    () => colored(formatJson(value)),
  )}</pre>`;
}

/** @param {string} text */
function colored(text) {
  if (text.length > LONGEST_COLORED) return text;
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token, quoted, colon] = match;
    parts.push(text.slice(end, match.index));
    const kind = colon ? "name" : quoted ? "string" : /^[\d-]/.test(token) ? "number" : "word";
    parts.push(html`<span class="json-${kind}">${token}</span>`);
    end = match.index + token.length;
  }
  parts.push(text.slice(end));
  return parts;
}
