// One file of a session: calls about it, its content, and what went wrong with it.
import { send } from "../../api/client.js";
import { pathOf } from "../../content/names.js";
import { noteUse } from "../lifetime.js";
import { update } from "../store.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").ApiError} ApiError */
/** @typedef {import("../../api/models.js").FileFacts} FileFacts */
/** @typedef {{fileName: string, folder: string}} FileName */

/**
 * Inside of `update`: a file that is known without a list, such as one that was uploaded.
 * @param {Session} session
 * @param {FileFacts} file
 */
export function showFile(session, file) {
  session.files = [...session.files.filter((other) => pathOf(other) !== pathOf(file)), file];
  session.fileErrors.delete(pathOf(file));
}

/**
 * @param {Session} session which has an ID
 * @param {string} operationId
 * @param {FileName} file
 * @returns {import("../../api/client.js").Call} a call that is about this file
 */
export function callFor(session, operationId, { fileName, folder }) {
  const parameters = { sessionId: session.id ?? "", fileName, ...(folder ? { folder } : {}) };
  return { operationId, parameters };
}

/**
 * Reads a file of a session, or a part of it.
 * @param {Session} session
 * @param {FileName} file
 * @param {{range?: [number, number], signal?: AbortSignal}} [options] range: the first and the last byte
 * @returns {Promise<Blob>}
 * @throws {ApiError}
 */
export async function readFile(session, file, { range, signal } = {}) {
  const call = callFor(session, "DownloadFile", file);
  if (range) call.headers = { Range: `bytes=${range[0]}-${range[1]}` };
  const { blob } = await send(call, { as: "blob", signal });
  update(() => noteUse(session));
  return blob ?? new Blob();
}

/**
 * Inside of `update`: why something could not be done with a file. Shown on its row.
 * @param {Session} session
 * @param {FileName} file
 * @param {ApiError | null} failure null: it is not shown any more
 */
export function setFileError(session, file, failure) {
  if (failure) session.fileErrors.set(pathOf(file), failure);
  else session.fileErrors.delete(pathOf(file));
}
