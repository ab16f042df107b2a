// JSON as people read it, with colors.
import { formatJson } from "../../content/json_text.js";
import { guard, html } from "../../libraries/lit-html.js";

/** Beyond this many characters, colors would make the page slow. */
const LONGEST_COLORED = 30_000;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/**
 * @param {unknown} source is the same as long as the text is
 * @param {() => string} text valid JSON
 * @param {{label: string, wrap?: boolean}} look
 */
export function jsonText(source, text, { label, wrap = false }) {
  return html`<pre class=${wrap ? "plain-text wrap" : "plain-text"} role="group" aria-label=${label} tabindex="0">${guard(
    [source],
    () => colored(formatJson(text())),
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
    const kind = colon ? "call" : quoted ? "string" : /^[\d-]/.test(token) ? "number" : "keyword";
    parts.push(html`<span class="code-${kind}">${token}</span>`);
    end = match.index + token.length;
  }
  parts.push(text.slice(end));
  return parts;
}
