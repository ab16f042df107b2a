// What the browser remembers of the sessions: nothing, unless the user wants it. Each session has an entry of its own, so
// that pages in several tabs of the browser do not overwrite each other's.
import { refreshFiles } from "../files/listing.js";
import { refreshSession } from "../lifetime.js";
import { announce, state, subscribe, update } from "../store.js";
import { newSession } from "./sessions.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").State["memory"]["choice"]} Choice */

const CHOICE = "playground.memory";
const SHOWN = "playground.shown";
const SESSION = "playground.session.";
const WORKSPACES = "playground.workspaces"; // the names that were used
const PAUSE_MILLISECONDS = 400; // after a change, until it is stored
const MEMBERS = /** @type {const} */ (["name", "id", "status", "createdAt", "code", "timeoutInSeconds", "workspaceId"]);

/** @type {Map<string, string>} what this page has stored or read, by session key */
const entries = new Map();

/** @type {Set<string>} the keys of sessions that were recalled and whose files have not been listed */
const unlisted = new Set();

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Recalls the sessions, and begins to follow what changes. */
export function startMemory() {
  try {
    if (sessionStorage.getItem(CHOICE) === "tab") recall("tab");
    else if (localStorage.getItem(CHOICE) === "browser") recall("browser");
  } catch {
    // The browser lets the page store nothing; that is reported when the user wants it.
  }
  subscribe(() => {
    listWhatIsShown();
    if (state.memory.choice === "none" || timer !== undefined) return;
    timer = setTimeout(store, PAUSE_MILLISECONDS);
  });
  addEventListener("pagehide", store);
  addEventListener("storage", follow);
}

/**
 * @param {Choice} choice how long the sessions are remembered from now on
 */
export function remember(choice) {
  const before = state.memory.choice;
  if (choice === before) return;
  try {
    // Pages in other tabs that share the memory follow: they see this value before it is erased.
    if (before === "browser") localStorage.setItem(CHOICE, choice);
    if (before !== "none") erase(storageOf(before));
    if (choice !== "none") storageOf(choice).setItem(CHOICE, choice);
    choose(choice);
    store();
  } catch {
    choose("none", "The browser refuses to store anything for this page. Allow it in the browser's settings.");
  }
}

/** Erases all that is remembered, by pages in other tabs as well. */
export function forget() {
  remember("none");
  try {
    erase(sessionStorage);
    erase(localStorage);
    announce("Nothing is remembered now.");
  } catch {
    // Then nothing was stored.
  }
}

/**
 * @param {Choice} choice
 * @param {string} [error]
 */
function choose(choice, error = "") {
  entries.clear();
  update((state) => {
    state.memory = { choice, error };
  });
}

/**
 * @param {Choice} choice not "none"
 * @returns {Storage}
 */
function storageOf(choice) {
  return choice === "tab" ? sessionStorage : localStorage;
}

/** @param {Storage} storage */
function erase(storage) {
  for (const name of Object.keys(storage))
    if ([CHOICE, SHOWN, WORKSPACES].includes(name) || name.startsWith(SESSION)) storage.removeItem(name);
}

/** Stores what has changed. */
function store() {
  clearTimeout(timer);
  timer = undefined;
  const { choice } = state.memory;
  if (choice === "none") return;
  const storage = storageOf(choice);
  try {
    for (const session of state.sessions) {
      const entry = entryOf(session);
      if (entries.get(session.key) === entry) continue;
      storage.setItem(SESSION + session.key, entry);
      entries.set(session.key, entry);
    }
    for (const key of entries.keys()) {
      if (state.sessions.some((session) => session.key === key)) continue;
      storage.removeItem(SESSION + key);
      entries.delete(key);
    }
    if (state.workspaces.length > 0) storage.setItem(WORKSPACES, JSON.stringify(state.workspaces));
    sessionStorage.setItem(SHOWN, state.currentKey);
    if (state.memory.error) choose(choice);
  } catch {
    const error =
      "Not everything is remembered: the browser's storage is full. Close sessions that you no longer need.";
    if (state.memory.error !== error)
      update((state) => {
        state.memory.error = error;
      });
  }
}

/**
 * @param {Session} session
 * @returns {string}
 */
function entryOf(session) {
  const { createdTime, cooldown } = session.lifetime;
  return JSON.stringify({ ...Object.fromEntries(MEMBERS.map((name) => [name, session[name]])), createdTime, cooldown });
}

/**
 * Opens the sessions that are stored, and asks the connector which of them still exist.
 * @param {Choice} choice
 */
function recall(choice) {
  const storage = storageOf(choice);
  const stored = Object.keys(storage).filter((name) => name.startsWith(SESSION));
  update((state) => {
    state.memory.choice = choice;
    state.workspaces = names(storage.getItem(WORKSPACES));
    for (const name of stored.sort()) {
      const key = name.slice(SESSION.length);
      const entry = storage.getItem(name) ?? "";
      const members = read(entry);
      if (!members) continue;
      const { createdTime = null, cooldown = null, ...others } = members;
      const session = newSession({ ...others, key });
      Object.assign(session.lifetime, { createdTime, cooldown });
      state.sessions.push(session);
      entries.set(key, entry);
      if (session.status === "active") void check(session);
    }
    const shown = sessionStorage.getItem(SHOWN);
    const found = state.sessions.find((session) => session.key === shown) ?? state.sessions.at(-1);
    if (found) state.currentKey = found.key;
  });
}

/** @param {Session} session that was recalled */
async function check(session) {
  session.filesAreLoading = true;
  await refreshSession(session); // first, because listing the files of one that has expired would begin another
  update(() => {
    session.filesAreLoading = false;
    if (session.status === "active") unlisted.add(session.key);
  });
}

/** Lists the files of a recalled session when it is shown: that is a use of it, which extends its life. */
function listWhatIsShown() {
  const session = state.sessions.find(({ key }) => key === state.currentKey);
  if (session && unlisted.delete(session.key) && session.status === "active") void refreshFiles(session);
}

/**
 * @param {string} entry
 * @returns {Partial<Session> & {createdTime?: string, cooldown?: number} | null} null if it is not readable
 */
function read(entry) {
  try {
    const members = JSON.parse(entry);
    const isValid =
      typeof members.name === "string" &&
      typeof members.code === "string" &&
      (members.id === null || typeof members.id === "string") &&
      ["new", "active", "expired", "ended"].includes(members.status) &&
      (members.status !== "active" || members.id !== null);
    return isValid ? members : null;
  } catch {
    return null;
  }
}

/**
 * @param {string | null} entry
 * @returns {string[]} of workspaces
 */
function names(entry) {
  try {
    const list = JSON.parse(entry ?? "[]");
    return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

/**
 * Follows what the page in another tab has stored or erased.
 * @param {StorageEvent} event
 */
function follow({ key, oldValue, newValue, storageArea }) {
  if (storageArea !== localStorage || state.memory.choice !== "browser") return;
  if (key === null || (key === CHOICE && newValue !== "browser")) {
    const choice = newValue === "tab" ? "tab" : "none";
    if (choice === "tab") sessionStorage.setItem(CHOICE, choice);
    else erase(sessionStorage);
    choose(choice);
  } else if (key.startsWith(SESSION) && oldValue !== null && newValue !== null) {
    const session = state.sessions.find((candidate) => candidate.key === key.slice(SESSION.length));
    const [before, after] = [read(oldValue), read(newValue)];
    if (!session || !before || !after) return;
    update(() => {
      if (after.name) session.name = after.name;
      // Only what was not changed here as well: then this page's stays, and the newest that is stored is remembered.
      if (session.code === before.code) session.code = after.code ?? "";
    });
    entries.set(session.key, newValue);
  }
}
