// The end of a session, and a new beginning with the same files.
import { ApiError, send } from "../../api/client.js";
import { cancelAllImports } from "../files/imports.js";
import { cancelAllTransfers, uploadFiles } from "../files/uploads.js";
import { startAnew } from "../lifetime.js";
import { announce, update } from "../store.js";

/** @typedef {import("../types.js").Session} Session */

/**
 * Ends a session: its variables and files are deleted. Its code and results stay on the page.
 * @param {Session} session
 * @throws {ApiError} if it could not be ended
 */
export async function endSession(session) {
  if (session.id === null) return;
  cancelAllImports(session);
  cancelAllTransfers(session); // what still arrives would begin another session
  const call = { operationId: "EndSession", parameters: { sessionId: session.id } };
  try {
    await send(call);
  } catch (failure) {
    if (!(failure instanceof ApiError) || failure.code !== "SessionNotFound") throw failure;
  }
  update(() => {
    session.status = "ended";
    session.expiresAt = null;
    session.renewal = null;
    session.lastCall = call;
  });
}

/**
 * "Start again with the same files": sends all files again that were uploaded here.
 * @param {Session} session
 * @returns {Promise<void>} when all have arrived or failed
 */
export async function restartSession(session) {
  update(() => {
    if (session.status !== "active") startAnew(session);
    session.renewal = null;
  });
  const items = [...session.sources].map(([path, file]) => {
    const end = path.lastIndexOf("/");
    return { file, folder: path.slice(0, Math.max(0, end)), fileName: path.slice(end + 1) };
  });
  const count = items.length === 1 ? "the file" : `${items.length} files`;
  announce(items.length === 0 ? `${session.name} starts again.` : `${session.name} starts again with ${count}.`);
  await uploadFiles(session, items);
}
