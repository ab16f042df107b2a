// The sessions of this page: which there are, and which one is shown.
import { state, update } from "./store.js";

let made = 0;

/** @returns {import("./store.js").Session} a session that the connector does not know yet */
function newSession() {
  made += 1;
  return {
    key: `session-${made}`,
    name: `Session ${made}`,
    id: null,
    createdAt: null,
    expiresAt: null,
    status: "new",
    code: "",
    timeoutInSeconds: 90,
    runs: [],
    shownRun: null,
    mark: null,
    codeNote: null,
    files: [],
    filesAreLoading: false,
    filesError: null,
    transfers: [],
    sources: new Map(),
    lastCall: null,
  };
}

/** @returns {import("./store.js").Session} the one that is shown */
export function currentSession() {
  const found = state.sessions.find((session) => session.key === state.currentKey);
  if (!found) throw new Error("no session is open");
  return found;
}

export function openFirstSession() {
  if (state.sessions.length === 0) openSession();
}

/** Opens a new session, and shows it. */
export function openSession() {
  update((state) => {
    const session = newSession();
    state.sessions.push(session);
    state.currentKey = session.key;
  });
}
