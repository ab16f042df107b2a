// What the page knows, in one place. It is changed by `update` alone, and every change is rendered once.

/** @typedef {import("./types.js").State} State */

/** @type {State} */
export const state = {
  sessions: [],
  currentKey: "",
  connection: { status: "checking", isChecking: false, facts: null, error: null, packageFilter: "" },
  signIn: {
    mode: "key",
    hasClient: false,
    scope: "",
    credential: "none",
    name: "",
    expiresAt: null,
    progress: "idle",
    problem: "",
    addressHadKey: false,
  },
  pane: "code",
  dialog: null,
  menu: null,
  filesView: { sort: "name", filter: "", most: 200, closedFolders: new Set(), isDropTarget: false },
  preview: null,
  copyDialog: null,
  workspaces: [],
  sessionDialog: { key: "", isBusy: false, error: "" },
  renaming: null,
  shownId: null,
  memory: { choice: "none", error: "" },
  widths: { files: 256, results: 50 },
  now: Date.now(),
  theme: "system",
  announcement: "",
  use: { isOpen: false, tab: "", withSession: false, withLinks: false, step: null },
  results: { wrap: false, sorts: {}, rowLimits: {}, loads: {}, opened: {}, broken: {}, zoomed: null },
};

/** @returns {import("./types.js").Session} the one that is shown */
export function currentSession() {
  const found = state.sessions.find((session) => session.key === state.currentKey);
  if (!found) throw new Error("no session is open");
  return found;
}

/** @type {((state: State) => void)[]} */
const listeners = [];
let isScheduled = false;

/**
 * Changes the state; listeners are called soon, once for all changes of the moment.
 * @param {(state: State) => void} [change]
 */
export function update(change) {
  change?.(state);
  if (isScheduled) return;
  isScheduled = true;
  queueMicrotask(() => {
    isScheduled = false;
    for (const listener of listeners) listener(state);
  });
}

/**
 * Calls the listener now, and after each change.
 * @param {(state: State) => void} listener
 */
export function subscribe(listener) {
  listeners.push(listener);
  listener(state);
}

/** @param {string} sentence that screen readers are to say */
export function announce(sentence) {
  update((state) => {
    state.announcement = sentence;
  });
}
