// Code that reads a file, put into the editor.
import { readingCode } from "../../content/names.js";
import { update } from "../store.js";
import { replaceCode } from "./code.js";

const PANDAS = "import pandas as pd";

/**
 * Adds code that reads a file at the end of the code of a session.
 * @param {import("../types.js").Session} session
 * @param {{fileName: string, folder: string}} file
 */
export function addReadingCode(session, file) {
  const before = session.code.trimEnd();
  const hasPandas = new RegExp(`^${PANDAS}\\b`, "m").test(before);
  const code = readingCode(file);
  const added = hasPandas ? code.replace(`${PANDAS}\n\n`, "") : code;
  replaceCode(session, before ? `${before}\n\n${added}` : added, "");
  update((state) => {
    state.pane = "code";
  });
}
