// JSON as people read it.

const MOST_INDENTS = 100;

/**
 * Indents JSON. Numbers and strings stay as they are written, because JavaScript would round long numbers.
 * @param {string} text valid JSON
 * @param {number} most characters; what follows may be left out, because indents can take much more than the text
 * @returns {string}
 */
export function indented(text, most) {
  let depth = 0;
  let length = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, MOST_INDENTS))}`;
  const tokens = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  /** @type {string[]} */
  const parts = [];
  for (const [index, token] of tokens.entries()) {
    length += parts.at(-1)?.length ?? 0;
    if (length > most) break;
    const isEmpty = /^[[{]$/.test(tokens[index - 1] ?? "") && /^[\]}]$/.test(token);
    if (token === "]" || token === "}") {
      depth -= 1;
      parts.push(isEmpty ? token : line() + token);
    } else if (token === "[" || token === "{") {
      depth += 1;
      const next = tokens[index + 1];
      parts.push(next === "]" || next === "}" ? token : token + line());
    } else if (token === ",") parts.push(token + line());
    else parts.push(token === ":" ? ": " : token);
  }
  return parts.join("");
}

/**
 * @param {unknown} value
 * @returns {{columns: string[], rows: unknown[][]} | null} null if it is no array of objects without depth
 */
export function tableOf(value) {
  if (!Array.isArray(value) || value.length === 0) return null;
  /** @type {Set<string>} */
  const columns = new Set();
  for (const item of value) {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return null;
    for (const [name, member] of Object.entries(item)) {
      if (typeof member === "object" && member !== null) return null;
      columns.add(name);
    }
  }
  const names = [...columns];
  return {
    columns: names,
    rows: value.map((item) => names.map((name) => (Object.hasOwn(item, name) ? item[name] : null))),
  };
}
