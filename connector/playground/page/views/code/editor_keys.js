// What keys do in the editor besides writing: they run the code, and lead out of the editor.
import { runCode } from "../../state/runs/runs.js";

const MODIFIERS = ["Shift", "Control", "Alt", "Meta"];

/**
 * @param {ReturnType<typeof import("../../libraries/code-editor.js").createEditor>} editor
 * @param {import("../../state/types.js").Session} session
 */
export function addKeys(editor, session) {
  const { keyCommandMap, textarea } = editor;
  const { Enter: newLine, Tab: indent } = keyCommandMap;
  let leaves = false;

  keyCommandMap.Enter = (event, selection, value) => {
    if (event.isComposing) return false; // it ends the input of a character, as in Japanese
    // Notebooks run with Shift too.
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return newLine?.(event, selection, value);
    if (!event.repeat) runCode(session);
    event.stopPropagation();
    return true;
  };
  keyCommandMap.Escape = () => {
    leaves = true;
    return false;
  };
  keyCommandMap.Tab = (event, selection, value) => (leaves ? false : indent?.(event, selection, value));
  textarea.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" && key !== "Tab" && !MODIFIERS.includes(key)) leaves = false;
  });
  textarea.addEventListener("keyup", ({ key }) => {
    // The editor overlooks a move that follows an edit at once.
    if (/^(?:Arrow|Home|End|Page)/.test(key)) textarea.dispatchEvent(new Event("selectionchange"));
  });
  textarea.addEventListener("focus", () => {
    leaves = false;
  });
}
