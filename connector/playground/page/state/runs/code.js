// The code in the editor of a session: what changes it, and which of its lines is marked.
import { update } from "../store.js";

const QUIET_MILLISECONDS = 300;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * The editor has other code than before. Nothing else shows it, so the rest is rendered when the typing pauses.
 * @param {import("../types.js").Session} session
 * @param {string} code
 */
export function noteTyping(session, code) {
  if (session.code !== code) session.codeNote = null; // the user keeps editing what replaced it
  session.code = code;
  clearTimeout(timer);
  timer = setTimeout(update, QUIET_MILLISECONDS);
}

/**
 * Puts other code into the editor. The editor's undo brings the former back.
 * @param {import("../types.js").Session} session
 * @param {string} code
 * @param {string} text shown to the user with a button that undoes the change; not shown if it is empty
 */
export function replaceCode(session, code, text) {
  update(() => {
    session.codeNote = text ? { text, formerCode: session.code } : null;
    session.code = code.replace(/\r\n?/g, "\n");
    session.mark = null;
  });
}

/** @param {import("../types.js").Session} session whose former code is put back into the editor */
export function undoReplacement(session) {
  const code = session.codeNote?.formerCode;
  if (typeof code === "string") replaceCode(session, code, "");
}

/** @param {import("../types.js").Session} session whose note on the code was read */
export function closeNote(session) {
  update(() => {
    session.codeNote = null;
  });
}

/** @param {import("../types.js").Session} session whose marked line was changed, or runs again */
export function clearMark(session) {
  if (!session.mark) return;
  update(() => {
    session.mark = null;
  });
}

/**
 * @param {import("../types.js").Session} session whose marked line has another number now
 * @param {number} line
 * @returns {import("../types.js").Session["mark"]} the mark
 */
export function moveMark(session, line) {
  update(() => {
    if (session.mark) session.mark = { ...session.mark, line };
  });
  return session.mark;
}

/**
 * Marks the line that raised the error of a run, if that line is still in the editor as it ran.
 * @param {import("../types.js").Session} session
 * @param {import("../types.js").Run} run
 */
export function markError(session, run) {
  const error = run.status === "Failed" ? run.execution?.error : undefined;
  const line = error?.line;
  if (!error || !line || lineOf(session.code, line) !== lineOf(run.code, line)) return;
  update(() => {
    session.mark = { line, message: `${error.name}: ${error.message}` };
  });
}

/**
 * @param {string} code
 * @param {number} line
 * @returns {string | undefined}
 */
function lineOf(code, line) {
  return code.replace(/\r\n?/g, "\n").split("\n")[line - 1];
}
