// Workspaces: the files of a session that outlive it, under a name. Runs can restore and save one, too.

import { copyInDialog } from "../copy_dialog.js";
import { refreshFiles } from "../files/listing.js";
import { adoptId, noteUse } from "../lifetime.js";
import { update } from "../store.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").CopyDialog} CopyDialog */

const MOST_NAMES = 20;

/** What the connector accepts as a name, for the attribute `pattern`. */
export const NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_\\-]{0,127}";

/**
 * @param {Session} session which has an ID
 * @param {CopyDialog} dialog
 * @param {string} workspaceId
 * @param {{anyVersion?: boolean}} [options] anyVersion: also what somebody else has saved meanwhile is replaced
 */
export async function saveWorkspace(session, dialog, workspaceId, { anyVersion = false } = {}) {
  const call = {
    operationId: "SaveWorkspace",
    parameters: { workspaceId },
    json: { sessionId: session.id, ...(anyVersion ? { eTag: "*" } : {}) },
  };
  await copyInDialog(dialog, call, () => {
    session.lastCall = call;
    noteName(workspaceId);
    noteUse(session);
  });
}

/**
 * @param {Session} session a new one gets its ID by this
 * @param {CopyDialog} dialog
 * @param {string} workspaceId
 */
export async function restoreWorkspace(session, dialog, workspaceId) {
  const call = {
    operationId: "RestoreWorkspace",
    parameters: { workspaceId },
    json: session.id ? { sessionId: session.id } : {},
  };
  await copyInDialog(dialog, call, ({ sessionId }) => {
    adoptId(session, sessionId);
    session.lastCall = { ...call, json: { sessionId } };
    noteName(workspaceId);
    noteUse(session);
    void refreshFiles(session);
  });
}

/**
 * @param {Session} session
 * @param {string} workspaceId that its runs restore and save from now on; empty: none
 */
export function useWorkspace(session, workspaceId) {
  update(() => {
    session.workspaceId = workspaceId;
    if (workspaceId) noteName(workspaceId);
  });
}

/** @param {string} name */
function noteName(name) {
  update((state) => {
    state.workspaces = [name, ...state.workspaces.filter((other) => other !== name)].slice(0, MOST_NAMES);
  });
}
