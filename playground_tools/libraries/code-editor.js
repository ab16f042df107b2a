// Without the extension `cursor`: its template has a style attribute, which the page's policy refuses.
import "prism-code-editor/languages/python";
import "prism-code-editor/prism/languages/python";

export { createEditor } from "prism-code-editor";
export { defaultCommands, editHistory, setIgnoreTab } from "prism-code-editor/commands";
export { indentGuides } from "prism-code-editor/guides";
export { highlightBracketPairs } from "prism-code-editor/highlight-brackets";
export { matchBrackets } from "prism-code-editor/match-brackets";
export { highlightText, languages } from "prism-code-editor/prism";
