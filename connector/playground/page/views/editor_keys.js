// What keys do in the editor besides writing: they run the code, and lead out of the editor.
import { runCode } from "../state/runs.js";

const MODIFIERS = ["Shift", "Control", "Alt", "Meta"];

/**
 * @param {ReturnType<typeof import("../libraries/code-editor.js").createEditor>} editor
 * @param {import("../state/store.js").Session} session
 */
export function addKeys(editor, session) {
  const { keyCommandMap, textarea } = editor;
  const { Enter: newLine, Tab: indent } = keyCommandMap;
  let leaves = false;

  // Notebooks run with Shift too.
  keyCommandMap.Enter = (event, selection, value) => {
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
  textarea.addEventListener("focus", () => {
    leaves = false;
  });
}
