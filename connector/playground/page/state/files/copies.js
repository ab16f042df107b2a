// Files that leave the session: links to them, and their exports to storage.
import { copyInDialog } from "../copy_dialog.js";
import { noteUse } from "../lifetime.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").CopyDialog} CopyDialog */

/**
 * @param {Session} session which has an ID
 * @param {CopyDialog} dialog which has the file
 * @param {number} lifetimeInSeconds
 */
export async function createLink(session, dialog, lifetimeInSeconds) {
  const { fileName = "", folder = "" } = dialog.file ?? {};
  const call = {
    operationId: "ShareFile",
    parameters: { fileName },
    json: { sessionId: session.id, ...(folder ? { folder } : {}), lifetimeInSeconds },
  };
  await copyInDialog(dialog, call, () => {
    session.lastCall = call;
    noteUse(session);
  });
}

/**
 * @param {Session} session which has an ID
 * @param {CopyDialog} dialog which has the file
 * @param {{blobName: string, isReplacing: boolean}} target an empty name: that of the file
 */
export async function exportFile(session, dialog, { blobName, isReplacing }) {
  const { fileName = "", folder = "" } = dialog.file ?? {};
  const call = {
    operationId: "ExportFile",
    json: {
      sessionId: session.id,
      fileName,
      ...(folder ? { folder } : {}),
      ...(blobName ? { blobName } : {}),
      ...(isReplacing ? { ifExists: "replace" } : {}),
    },
  };
  await copyInDialog(dialog, call, () => {
    session.lastCall = call;
    noteUse(session);
  });
}
