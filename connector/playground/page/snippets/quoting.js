// Texts as literals of the languages of the snippets. Characters that are not seen, or that turn the direction of a
// line, are escaped: a snippet does what it shows.

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be found
const UNSEEN = /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * @param {string} character one UTF-16 unit
 * @returns {string} as JSON, Python and JavaScript alike have it
 */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * @param {unknown} value
 * @param {number} [indent]
 * @returns {string} JSON
 */
export function json(value, indent = 0) {
  // Line breaks between members are those of the format; those in strings are escaped before.
  return JSON.stringify(value, null, indent).replace(UNSEEN, (character) =>
    character === "\n" ? character : escaped(character),
  );
}

/**
 * @param {string} text JSON
 * @param {boolean} expands whether the shell is to replace variables in it
 * @returns {string} the same JSON for a here-document of bash, that means the same to the shell
 */
export function hereDocument(text, expands) {
  // An interactive shell replaces ! even here, unless a space or = follows. In JSON, all of these are in strings.
  const quiet = text.replace(/!(?![\s=])/g, escaped);
  return expands ? quiet.replace(/\\\\|[$`]/g, (found) => escaped(found[0])) : quiet;
}

/**
 * @param {string} text
 * @returns {string} one word of bash
 */
export function word(text) {
  if (/^[A-Za-z0-9_./:@%+=,-]+$/.test(text)) return text;
  if (text.search(UNSEEN) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
  const bytes = new TextEncoder();
  const quoted = text
    .replace(/['\\]/g, "\\$&")
    .replace(UNSEEN, (character) =>
      [...bytes.encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(""),
    );
  return `$'${quoted}'`;
}

/**
 * @param {string} name of a file
 * @returns {string} it as one word of bash, that no program takes for an option or for standard input
 */
export function fileWord(name) {
  return word(/^[-@]/.test(name) ? `./${name}` : name);
}

/**
 * @param {string} text
 * @returns {string} an expression of Python: over several lines as it is, if Python can have it so
 */
export function python(text) {
  if (!text.includes("\n") || hasUnseen(text)) return pythonLines(text);
  for (const quotes of ['"""', "'''"]) {
    if (text.includes(quotes) || text.endsWith(quotes[0]) || text.endsWith("\\")) continue;
    if (!text.includes("\\")) return `${quotes}\\\n${text}${quotes}`;
    return `r${quotes}${text}${quotes}`;
  }
  return pythonLines(text);
}

/**
 * @param {string} text
 * @returns {string} string literals, one for each line
 */
function pythonLines(text) {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [""];
  if (lines.length === 1) return json(text);
  return `(\n${lines.map((line) => `    ${json(line)}\n`).join("")})`;
}

/**
 * @param {string} text
 * @returns {string} an expression of JavaScript: over several lines as it is, if JavaScript can have it so
 */
export function javascript(text) {
  if (!text.includes("\n") || hasUnseen(text)) return json(text);
  if (text.includes("\\") && !/`|\$\{|\\$/.test(text)) return `String.raw\`${text}\``;
  return `\`${text.replace(/[\\`]|\$(?=\{)/g, "\\$&")}\``;
}

/**
 * @param {string} text
 * @returns {boolean} whether a character in it, other than a line break, has to be escaped
 */
function hasUnseen(text) {
  return (text.match(UNSEEN) ?? []).some((character) => character !== "\n") || text.search(LONE_SURROGATE) >= 0;
}

/**
 * A literal of the workflow language of Logic Apps and Power Automate, which evaluates what follows @. As its engine has
 * it: @@ at the beginning is an @, and nothing after it is evaluated; elsewhere @@{ is @{, and an @ alone is one.
 * @param {unknown} value
 * @returns {unknown} the value, with all texts in it such that they mean themselves
 */
export function workflowLiteral(value) {
  if (typeof value === "string") return value.startsWith("@") ? `@${value}` : value.replaceAll("@{", "@@{");
  if (Array.isArray(value)) return value.map(workflowLiteral);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, workflowLiteral(member)]));
  return value;
}
