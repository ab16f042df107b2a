// Colors for snippets: which parts of a text are strings, comments, keywords, numbers and names. Good enough for what the
// snippets have; the text is never changed.

/** Beyond this length, a text stays plain. */
const LONGEST = 20_000;

const STRING = /"(?:[^"\\\n]|\\.)*"/.source;

/** @type {Record<import("./snippets.js").Snippet["language"], RegExp>} the groups have the names of colors */
const PARTS = {
  json: new RegExp(`(?<call>${STRING}(?=:))|(?<string>${STRING})|(?<number>\\b(?:\\d[\\d.]*|true|false|null)\\b)`, "g"),
  bash: /(?<comment>(?<=^|\s)#.*)|(?<string>'[^']*'|"(?:[^"\\]|\\.)*")|(?<keyword>\b(?:curl|export|while|do|done|for|grep|sleep|cat|awk|tr)\b)/gm,
  python: new RegExp(
    `(?<string>r?"""[^]*?"""|r?'''[^]*?'''|f?${STRING})|(?<comment>#.*)|(?<keyword>\\b(?:import|from|if|not|in|for|while|True|False|None)\\b)|(?<number>\\b\\d+\\b)|(?<call>\\b\\w+(?=\\())`,
    "g",
  ),
  javascript: new RegExp(
    `(?<string>\`(?:[^\`\\\\]|\\\\[^])*\`|${STRING})|(?<comment>//.*)|(?<keyword>\\b(?:import|from|const|let|await|if|for|of|while|throw|new)\\b)|(?<number>\\b\\d+\\b)|(?<call>\\b\\w+(?=\\())`,
    "g",
  ),
};

/**
 * @param {string} text
 * @param {import("./snippets.js").Snippet["language"]} language
 * @returns {{kind: string | null, text: string}[]} the parts of the text, in order
 */
export function marked(text, language) {
  if (text.length > LONGEST) return [{ kind: null, text }];
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(PARTS[language])) {
    if (found.index > end) parts.push({ kind: null, text: text.slice(end, found.index) });
    const [kind] = Object.entries(found.groups ?? {}).find(([, part]) => part !== undefined) ?? [null];
    parts.push({ kind, text: found[0] });
    end = found.index + found[0].length;
  }
  if (end < text.length) parts.push({ kind: null, text: text.slice(end) });
  return parts;
}
