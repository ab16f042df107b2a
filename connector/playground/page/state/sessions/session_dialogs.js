// What the dialogs about sessions do. They show that a call is on its way, and what went wrong.
import { ApiError } from "../../api/client.js";
import { announce, state, update } from "../store.js";
import { endSession } from "./ending.js";
import { closeSession, openExistingSession } from "./sessions.js";

/** @typedef {import("../types.js").Session} Session */

/**
 * @param {"end-session" | "close-session" | "existing-session"} name
 * @param {string} [key] of the session that it is about
 */
export function openSessionDialog(name, key = "") {
  update((state) => {
    state.dialog = name;
    state.sessionDialog = { key, isBusy: false, error: "" };
  });
}

/**
 * Closes the tab, after a question if something would be lost.
 * @param {string} key
 */
export function requestClose(key) {
  const session = state.sessions.find((candidate) => candidate.key === key);
  if (!session) return;
  if (session.status === "active" || session.code.trim() || session.runs.length > 0)
    openSessionDialog("close-session", key);
  else closeSession(key);
}

/**
 * @param {Session} session
 * @param {{andClose?: boolean}} [options]
 */
export async function confirmEnd(session, { andClose = false } = {}) {
  await whileBusy(async () => {
    await endSession(session);
    announce(`${session.name} has ended. Its variables and files are deleted.`);
    if (andClose) closeSession(session.key);
  });
}

/** @param {string} text that was entered as a session ID */
export async function confirmExisting(text) {
  const id = text.trim().replace(/^["']|["']$/g, "");
  await whileBusy(async () => {
    if (!/^[A-Za-z0-9-]{4,128}$/.test(id)) throw new ApiError("A session ID has 4 to 128 letters, digits and hyphens.");
    await openExistingSession(id);
  });
}

/** @param {() => Promise<void>} act closes the dialog if it succeeds */
async function whileBusy(act) {
  const about = state.sessionDialog;
  if (about.isBusy) return;
  /** @param {Partial<typeof about>} change */
  const change = (change) => update(() => Object.assign(about, change));
  change({ isBusy: true, error: "" });
  try {
    await act();
    update((state) => {
      if (state.sessionDialog === about) state.dialog = null;
    });
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    change({ error: failure.message });
  } finally {
    change({ isBusy: false });
  }
}
