// The mark on the line that raised an error. It is on the line's element, so it moves with the line, and it goes when
// the line is changed.
import { clearMark, moveMark } from "../../state/runs/code.js";

const CLASS = "error-line";

/**
 * @param {import("../../state/types.js").Session} session
 * @param {ReturnType<typeof import("../../libraries/code-editor.js").createEditor>} editor
 * @param {HTMLElement} explanation describes the editor to screen readers, while there is a mark
 */
export function createMark(session, editor, explanation) {
  /** @type {import("../../state/types.js").Session["mark"]} */
  let mark = null;
  /** @type {HTMLElement | null} */
  let marked = null;
  let text = "";

  function remove() {
    marked?.classList.remove(CLASS);
    marked = null;
    explanation.textContent = "";
  }

  return {
    /** @param {import("../../state/types.js").Session["mark"]} wanted */
    show(wanted) {
      if (wanted === mark) return;
      remove();
      mark = wanted;
      marked = (mark && editor.lines[mark.line]) ?? null;
      if (!mark || !marked) return;
      text = marked.textContent;
      marked.classList.add(CLASS);
      explanation.textContent = `Line ${mark.line} raised an error: ${mark.message}`;
      if (!editor.focused) bringIntoView(editor.container, marked);
    },
    /** The code was changed. */
    edited() {
      if (!mark || !marked) return;
      if (!marked.isConnected || marked.textContent !== text) {
        remove();
        return clearMark(session);
      }
      const line = [...editor.lines].indexOf(/** @type {HTMLDivElement} */ (marked));
      if (line !== mark.line) mark = moveMark(session, line);
    },
  };
}

/**
 * @param {HTMLElement} container
 * @param {HTMLElement} line which is scrolled into the middle, if it is not in view
 */
export function bringIntoView(container, line) {
  const box = line.getBoundingClientRect();
  const frame = container.getBoundingClientRect();
  if (box.top >= frame.top && box.bottom <= frame.bottom) return;
  container.scrollTop += box.top - frame.top - (frame.height - box.height) / 2;
}
