// What is pasted from web pages and documents: it may have spaces that Python refuses, and that nobody sees.

import { update } from "../../state/store.js";

const SPACES = /[\u00a0\u2007\u202f]/g;
const INVISIBLE = /[\u200b\u2060\ufeff]/g;
const NOTE = "The pasted code had special spaces, which Python refuses. They are ordinary spaces now.";

/**
 * @param {HTMLTextAreaElement} textarea
 * @param {import("../../state/types.js").Session} session
 */
export function takePastedCode(textarea, session) {
  textarea.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const plain = text.replace(SPACES, " ").replace(INVISIBLE, "");
    if (plain === text) return;
    event.preventDefault();
    // The editor's history listens to these events, as they come from typing.
    const inputType = "insertFromPaste";
    textarea.dispatchEvent(new InputEvent("beforeinput", { inputType }));
    textarea.setRangeText(plain, textarea.selectionStart, textarea.selectionEnd, "end");
    textarea.dispatchEvent(new InputEvent("input", { inputType }));
    update(() => {
      session.codeNote = { text: NOTE, formerCode: null };
    });
  });
}
