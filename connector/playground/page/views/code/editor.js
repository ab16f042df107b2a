// The editor: one for each session, so that each keeps its undo, caret and place. The state is the truth: code that was
// replaced there comes in as an edit that can be undone, and what is typed goes out. lit-html places its element, and
// never changes what is in it.
import {
  createEditor,
  defaultCommands,
  editHistory,
  highlightBracketPairs,
  indentGuides,
  matchBrackets,
} from "../../libraries/code-editor.js";
import { noteTyping } from "../../state/runs/code.js";
import { update } from "../../state/store.js";
import { takeDroppedFiles } from "./dropped_code.js";
import { addKeys } from "./editor_keys.js";
import { bringIntoView, createMark } from "./editor_mark.js";
import { takePastedCode } from "./pasted_code.js";

const KEPT_EDITS = 300;
/** To color more takes longer than a keystroke may. */
const COLORED_CHARACTERS = 60_000;
const COLORED_LINES = 1500;
const HINT = "Tab indents. To leave the editor, press Escape, then Tab.";

/**
 * @typedef {Object} Editor
 * @property {HTMLElement} element
 * @property {HTMLElement} position where the caret is, as text
 * @property {ReturnType<typeof createEditor>} editor
 * @property {ReturnType<typeof createMark>} mark
 * @property {{top: number, left: number}} place
 */

/** @type {WeakMap<import("../../state/types.js").Session, Editor>} */
const editors = new WeakMap();
/** @type {Editor | null} */
let shown = null;

/**
 * @param {import("../../state/types.js").Session} session
 * @returns {{element: HTMLElement, position: HTMLElement}} the editor of the session, with its code and mark as the state
 *   has them, and an element with the caret's line and column
 */
export function editorOf(session) {
  let found = editors.get(session);
  if (!found) {
    found = created(session);
    editors.set(session, found);
  }
  const { editor, mark, place } = found;
  if (editor.value !== session.code) replaceText(found, session.code);
  mark.show(session.mark);
  if (shown !== found) {
    shown = found;
    // An element that is placed again has lost how far it was scrolled.
    queueMicrotask(() => editor.container.scrollTo(place));
  }
  return found;
}

/**
 * Moves the caret to a line of the code of the session that is shown, and the focus into the editor.
 * @param {number} line from 1
 */
export function showLine(line) {
  update((state) => {
    state.pane = "code";
  });
  queueMicrotask(() => select(line)); // once the pane is shown
}

/** @param {number} line */
function select(line) {
  if (!shown) return;
  const { editor } = shown;
  const lines = editor.value.split("\n");
  const index = Math.min(Math.max(line, 1), lines.length) - 1;
  const start = lines.slice(0, index).reduce((sum, text) => sum + text.length + 1, 0);
  editor.textarea.focus({ preventScroll: true });
  editor.textarea.setSelectionRange(start, start + lines[index].length);
  bringIntoView(editor.container, editor.lines[index + 1]);
}

/** Moves the focus into the editor that is shown. */
export function focusEditor() {
  shown?.editor.textarea.focus();
}

/**
 * @param {import("../../state/types.js").Session} session
 * @returns {Editor}
 */
function created(session) {
  const element = document.createElement("div");
  element.className = "editor";
  const position = document.createElement("span");
  const editor = createEditor(
    element,
    { value: session.code, tabSize: 4, language: languageFor(session.code) },
    defaultCommands(),
    editHistory(KEPT_EDITS),
    matchBrackets(false),
    highlightBracketPairs(),
    indentGuides(),
  );
  const { textarea, container } = editor;
  const hint = description(`editor-hint-${session.key}`, HINT);
  const error = description(`editor-error-${session.key}`, "");
  element.append(hint, error);
  textarea.setAttribute("aria-label", "Python code");
  textarea.setAttribute("aria-describedby", `${hint.id} ${error.id}`);
  textarea.setAttribute("autocorrect", "off");
  textarea.setAttribute("translate", "no");
  textarea.placeholder = "# Write Python, or open an example";
  const mark = createMark(session, editor, error);
  const made = { element, position, editor, mark, place: { top: 0, left: 0 } };
  addKeys(editor, session);
  takeDroppedFiles(element, session);
  takePastedCode(textarea, session);
  container.addEventListener("scroll", () => {
    if (container.isConnected) made.place = { top: container.scrollTop, left: container.scrollLeft };
  });
  editor.on("update", (value) => {
    const language = languageFor(value);
    if (language !== editor.options.language) queueMicrotask(() => editor.setOptions({ language }));
    mark.edited();
    noteTyping(session, value);
  });
  editor.on("selectionChange", () => showPosition(made));
  showPosition(made);
  return made;
}

/**
 * @param {Editor} found
 * @param {string} code takes the place of all that is in the editor, as one edit
 */
function replaceText({ editor }, code) {
  const { textarea } = editor;
  // The history listens to these events, which typing causes; the first one separates this edit from the last.
  textarea.dispatchEvent(new Event("selectionchange"));
  textarea.dispatchEvent(new InputEvent("beforeinput", { inputType: "insertReplacementText" }));
  textarea.value = code;
  textarea.setSelectionRange(0, 0);
  textarea.dispatchEvent(new InputEvent("input", { inputType: "insertReplacementText" }));
  editor.container.scrollTo(0, 0);
}

/** @param {string} code */
function languageFor(code) {
  if (code.length > COLORED_CHARACTERS) return "text";
  let lines = 1;
  for (let at = code.indexOf("\n"); at !== -1; at = code.indexOf("\n", at + 1)) lines += 1;
  return lines > COLORED_LINES ? "text" : "python";
}

/** @param {Editor} found */
function showPosition({ editor, position }) {
  const [start, end, direction] = editor.getSelection();
  const caret = direction === "backward" ? start : end;
  const column = caret - (editor.value.lastIndexOf("\n", caret - 1) + 1) + 1;
  position.textContent = `Line ${editor.activeLine}, column ${column}`;
}

/**
 * @param {string} id
 * @param {string} text
 */
function description(id, text) {
  const element = document.createElement("span");
  element.id = id;
  element.hidden = true;
  element.textContent = text;
  return element;
}
