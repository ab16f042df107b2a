// Python files that are dropped on the editor are loaded into it; other files are uploaded.

import { count } from "../../format.js";
import { uploadDropped } from "../../state/files/files_view.js";
import { replaceCode } from "../../state/runs/code.js";
import { update } from "../../state/store.js";

/** As many as the connector takes. */
const MAX_CHARACTERS = 262_144;

/**
 * @param {HTMLElement} element
 * @param {import("../../state/types.js").Session} session
 */
export function takeDroppedFiles(element, session) {
  element.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  element.addEventListener("drop", (event) => {
    const { dataTransfer } = event;
    if (!dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const [file, ...others] = dataTransfer.files;
    if (file && others.length === 0 && /\.py$/i.test(file.name)) void load(file, session);
    else void uploadDropped(session, dataTransfer);
  });
}

/**
 * @param {File} file
 * @param {import("../../state/types.js").Session} session
 */
async function load(file, session) {
  const code = await file.text();
  if (code.length > MAX_CHARACTERS) {
    update(() => {
      session.codeNote = {
        text: `${file.name} has ${count(code.length)} characters. Code can have ${count(MAX_CHARACTERS)}: upload it as a file, and import it.`,
        formerCode: null,
      };
    });
    return;
  }
  const hadCode = session.code.trim() !== "" && session.code !== code;
  replaceCode(session, code, hadCode ? `${file.name} has replaced your code.` : "");
}
