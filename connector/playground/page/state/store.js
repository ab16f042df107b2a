// What the page knows, in one place. It is changed by `update` alone, and every change is rendered once.

/**
 * An Execution of the contract, as the connector returns it.
 * @typedef {Object} Execution
 * @property {string} sessionId
 * @property {string} executionId
 * @property {"Running" | "Succeeded" | "Failed" | "Canceled" | "Unknown"} status
 * @property {string} result
 * @property {unknown} [value]
 * @property {string} stdout
 * @property {string} stderr
 * @property {{name: string, message: string, line?: number, traceback?: string, hint?: string}} [error]
 * @property {Output[]} outputs
 * @property {FileFacts[]} files
 * @property {number} durationInMilliseconds
 * @property {number} [executionCount]
 * @property {boolean} [isNewSession]
 * @property {string} [notice]
 * @property {Record<string, boolean>} [truncated]
 */

/**
 * @typedef {Object} Output
 * @property {string} contentType
 * @property {string} [content] text, or base64 if it is an image other than SVG
 * @property {string} [title]
 * @property {string} [fileName]
 * @property {string} [folder]
 */

/**
 * A File of the contract.
 * @typedef {Object} FileFacts
 * @property {string} fileName
 * @property {string} folder
 * @property {number} size bytes
 * @property {string} contentType
 * @property {string} [lastModifiedTime] ISO 8601
 * @property {"Created" | "Changed"} [change]
 */

/**
 * A run that was started on this page.
 * @typedef {Object} Run
 * @property {number} number from 1, in its session
 * @property {string} code
 * @property {number} timeoutInSeconds
 * @property {number} startedAt milliseconds since 1970
 * @property {number | null} endedAt
 * @property {"Sending" | Execution["status"] | "Refused"} status Refused: the connector did not accept it
 * @property {boolean} canceling
 * @property {boolean} reconnecting whether the connection is lost, and the page tries again
 * @property {Execution | null} execution the newest that is known
 * @property {import("../api/client.js").ApiError | null} error why it was refused, or why its state is not known
 */

/**
 * A file on its way into a session, or one that did not arrive.
 * @typedef {Object} Transfer
 * @property {string} key
 * @property {File} file
 * @property {string} fileName
 * @property {string} folder
 * @property {"waiting" | "sending" | "failed"} status
 * @property {number} sent bytes
 * @property {number} bytesPerSecond
 * @property {import("../api/client.js").ApiError | null} error
 */

/**
 * A session as this page has it.
 * @typedef {Object} Session
 * @property {string} key its identity on this page
 * @property {string} name for people
 * @property {string | null} id the session ID, a secret; null until the connector has returned one
 * @property {number | null} createdAt milliseconds since 1970
 * @property {number | null} expiresAt milliseconds since 1970
 * @property {"new" | "active" | "expired" | "ended"} status
 * @property {string} code what is in the editor
 * @property {number} timeoutInSeconds
 * @property {Run[]} runs
 * @property {number | null} shownRun the number of the run whose results are shown
 * @property {FileFacts[]} files
 * @property {boolean} filesAreLoading
 * @property {import("../api/client.js").ApiError | null} filesError
 * @property {Transfer[]} transfers
 * @property {Map<string, File>} sources the files that were uploaded here, by path, so that they can be sent again
 * @property {import("../api/client.js").Call | null} lastCall what was done last, for "Use it elsewhere"
 */

/**
 * A Connection of the contract, as far as the page uses it.
 * @typedef {Object} ConnectionFacts
 * @property {string} message
 * @property {string} apiVersion
 * @property {{name: string, version: string}[]} runtimes
 * @property {{name: string, version: string}[]} packages
 * @property {{name: string, isAvailable: boolean, message: string, isolation?: {level: number, description: string}}[]} pools
 */

/**
 * Whether the connector answers, and accepts this page.
 * @typedef {Object} ConnectionState
 * @property {"checking" | "connected" | "failed" | "unauthorized" | "offline"} status of the last check that has ended;
 *   checking before the first one has
 * @property {boolean} isChecking
 * @property {ConnectionFacts | null} facts the newest that are known
 * @property {import("../api/client.js").ApiError | null} error
 * @property {string} packageFilter which of the packages are listed: those whose name contains it
 */

/**
 * How this page proves who calls.
 * @typedef {Object} SignIn
 * @property {"key" | "entra"} mode what the connector requires
 * @property {boolean} hasClient whether the page itself can sign in with Entra ID
 * @property {string} scope of tokens
 * @property {"none" | "key" | "token" | "account"} credential which one is sent with calls
 * @property {string} name of who is signed in
 * @property {number | null} expiresAt when the token expires, in milliseconds since 1970
 * @property {"idle" | "window" | "checking"} progress window: the person signs in, in another window
 * @property {string} problem why the last attempt did not succeed
 * @property {boolean} addressHadKey whether the page was opened by an address with a key in it
 */

/**
 * @typedef {Object} State
 * @property {Session[]} sessions
 * @property {string} currentKey the key of the session that is shown
 * @property {ConnectionState} connection
 * @property {SignIn} signIn
 * @property {"files" | "code" | "results"} pane which one is shown where there is room for one only
 * @property {string | null} dialog the name of the open dialog
 * @property {"system" | "light" | "dark"} theme
 * @property {string} announcement what screen readers are to say now
 */

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
  theme: "system",
  announcement: "",
};

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
