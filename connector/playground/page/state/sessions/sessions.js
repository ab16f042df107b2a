// The sessions of this page, as tabs: which there are, and which one is shown.
import { ApiError, send } from "../../api/client.js";
import { DEFAULT_TIMEOUT_SECONDS } from "../../api/operations.js";
import { cancelAllImports } from "../files/imports.js";
import { refreshFiles } from "../files/listing.js";
import { cancelAllTransfers } from "../files/uploads.js";
import { newLifetime } from "../lifetime.js";
import { state, update } from "../store.js";

/** @typedef {import("../types.js").Session} Session */

/**
 * @param {Partial<Session>} [members] that differ from those of a new one
 * @returns {Session} a session that the connector does not know yet
 */
export function newSession(members = {}) {
  return {
    key: newKey(),
    name: freeName(),
    id: null,
    status: "new",
    createdAt: null,
    expiresAt: null,
    lifetime: newLifetime(),
    renewal: null,
    code: "",
    timeoutInSeconds: DEFAULT_TIMEOUT_SECONDS,
    runs: [],
    shownRun: null,
    mark: null,
    codeNote: null,
    files: [],
    filesAreLoading: false,
    filesError: null,
    filesToken: null,
    fileErrors: new Map(),
    deletions: [],
    downloads: [],
    transfers: [],
    imports: [],
    workspaceId: "",
    sources: new Map(),
    lastCall: null,
    ...members,
  };
}

/** @returns {string} in the order in which sessions are opened, on all pages of this browser */
function newKey() {
  return `session-${Date.now().toString(36)}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
}

/** @returns {string} the first of Session 1, Session 2 and so on that no session has */
function freeName() {
  const names = new Set(state.sessions.map((session) => session.name));
  let number = 1;
  while (names.has(`Session ${number}`)) number += 1;
  return `Session ${number}`;
}

export function openFirstSession() {
  if (state.sessions.length === 0) openSession();
}

/**
 * Opens a new session, and shows it.
 * @param {Partial<Session>} [members] that differ from those of a new one
 * @returns {Session}
 */
export function openSession(members = {}) {
  const session = newSession(members);
  update((state) => {
    state.sessions.push(session);
    state.currentKey = session.key;
  });
  return session;
}

/**
 * Opens a session that exists, such as that of a workflow.
 * @param {string} id the session ID
 * @returns {Promise<Session>}
 * @throws {ApiError} if there is no such session
 */
export async function openExistingSession(id) {
  const open = state.sessions.find((session) => session.id === id);
  if (open) {
    showSession(open.key);
    return open;
  }
  const call = { operationId: "GetSession", parameters: { sessionId: id } };
  try {
    await send(call);
  } catch (failure) {
    if (failure instanceof ApiError && failure.code === "SessionNotFound")
      throw new ApiError("There is no session with this ID: it was never used, was ended, or has expired.", failure);
    throw failure;
  }
  const session = openSession({ id, status: "active", lastCall: call });
  await refreshFiles(session);
  return session;
}

/** @param {string} key of the session that is to be shown */
export function showSession(key) {
  update((state) => {
    if (state.sessions.some((session) => session.key === key)) state.currentKey = key;
    state.shownId = null;
  });
}

/** @param {string} key of the session whose name people are about to change */
export function startRenaming(key) {
  update((state) => {
    state.renaming = key;
  });
}

/**
 * Ends the change of a name.
 * @param {string} key
 * @param {string} name an empty one changes nothing
 */
export function renameSession(key, name) {
  update((state) => {
    if (state.renaming !== key) return;
    state.renaming = null;
    const session = state.sessions.find((candidate) => candidate.key === key);
    if (session && name.trim()) session.name = name.trim();
  });
}

/**
 * Closes the tab of a session; the session itself goes on until it expires. There is always one: a new one, if need be.
 * @param {string} key
 */
export function closeSession(key) {
  update((state) => {
    const index = state.sessions.findIndex((session) => session.key === key);
    if (index < 0) return;
    cancelAllTransfers(state.sessions[index]);
    cancelAllImports(state.sessions[index]);
    state.sessions.splice(index, 1);
    if (state.sessions.length === 0) state.sessions.push(newSession());
    if (state.currentKey === key) state.currentKey = state.sessions[Math.min(index, state.sessions.length - 1)].key;
  });
}
