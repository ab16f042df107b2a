// Programs to start from. Each brings the files that it reads.

import { addressOfFile } from "../../addresses.js";
import { code as excelReport } from "../../samples/excel_report.js";
import { code as failingRun } from "../../samples/failing_run.js";
import { code as interactiveOutput } from "../../samples/interactive_output.js";
import { code as longRun } from "../../samples/long_run.js";
import { code as salesReport } from "../../samples/sales_report.js";
import { uploadFiles } from "../files/uploads.js";
import { update } from "../store.js";
import { replaceCode } from "./code.js";
import { activeRun, runCode } from "./runs.js";

/**
 * @typedef {Object} Example
 * @property {string} id
 * @property {string} name
 * @property {string} description in a few words
 * @property {string[]} fileNames what it reads, from the page's folder samples
 * @property {string} code
 */

/** @type {Example[]} */
export const EXAMPLES = [
  {
    id: "sales",
    name: "Sales report",
    description: "A CSV file becomes a chart and a table",
    fileNames: ["sales.csv"],
    code: salesReport,
  },
  {
    id: "long",
    name: "A long run",
    description: "Prints as it goes, and can be canceled",
    fileNames: [],
    code: longRun,
  },
  {
    id: "failing",
    name: "A run that fails",
    description: "The error, its line, and a hint",
    fileNames: [],
    code: failingRun,
  },
  {
    id: "excel",
    name: "Excel report",
    description: "Writes a workbook with formats and a chart",
    fileNames: ["sales.csv"],
    code: excelReport,
  },
  {
    id: "interactive",
    name: "Interactive output",
    description: "HTML with a slider, made by the code",
    fileNames: [],
    code: interactiveOutput,
  },
];

/** The code of examples that was put into editors: to replace it loses nothing. @type {Set<string>} */
const loaded = new Set();
/** @type {WeakSet<import("../types.js").Session>} */
const starting = new WeakSet();

/**
 * Puts the code of an example into the editor, uploads its files, and runs it.
 * @param {import("../types.js").Session} session
 * @param {Example} example
 */
export async function startExample(session, example) {
  if (starting.has(session)) return;
  if (activeRun(session)) {
    tell(session, "Wait until the run has ended, or cancel it. Then start the example.");
    return;
  }
  starting.add(session);
  const isReady = await prepare(session, example).finally(() => starting.delete(session));
  if (isReady) await runCode(session);
}

/**
 * @param {import("../types.js").Session} session
 * @param {Example} example
 * @returns {Promise<boolean>} whether the code is in the editor and its files are in the session
 */
async function prepare(session, example) {
  const { code } = example;
  let files;
  try {
    files = await Promise.all(example.fileNames.map(fetchFile));
  } catch {
    return tell(session, "The example could not be loaded. Check the connection, and try again.");
  }
  const other = files.find((file) => (fileOf(session, file.name)?.size ?? file.size) !== file.size);
  if (other)
    return tell(session, `This session has another ${other.name}. Delete it, or start the example in a new session.`);
  const isOwn = session.code.trim() !== "" && session.code !== code && !loaded.has(session.code);
  loaded.add(code);
  replaceCode(session, code, isOwn ? `“${example.name}” has replaced your code.` : "");
  const missing = files.filter((file) => !fileOf(session, file.name));
  await uploadFiles(
    session,
    missing.map((file) => ({ file, folder: "" })),
  );
  const failed = session.transfers.find(
    ({ fileName, status }) => status === "failed" && example.fileNames.includes(fileName),
  );
  if (failed) return tell(session, `${failed.fileName} was not uploaded. See Files for the reason, then run the code.`);
  return true;
}

/**
 * @param {import("../types.js").Session} session
 * @param {string} name
 * @returns {import("../../api/models.js").FileFacts | undefined} that file, unless it is gone or about to be deleted
 */
function fileOf(session, name) {
  if (session.status !== "active") return undefined;
  if (session.deletions.some(({ file }) => file.fileName === name && file.folder === "")) return undefined;
  return session.files.find(({ fileName, folder }) => fileName === name && folder === "");
}

/**
 * @param {string} name
 * @returns {Promise<File>} a file of the page, as if it had been chosen
 */
async function fetchFile(name) {
  const response = await fetch(addressOfFile(`samples/${name}`));
  if (!response.ok) throw new Error(`${name}: status ${response.status}`);
  return new File([await response.blob()], name, { type: "text/csv" });
}

/**
 * @param {import("../types.js").Session} session
 * @param {string} text why the example does not start
 */
function tell(session, text) {
  update(() => {
    session.codeNote = { text, formerCode: null };
  });
  return false;
}
