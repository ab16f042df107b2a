// "Use it elsewhere": whether it is unfolded, which tab is shown, and what the texts are made for.
import { credentialHeaders } from "../api/credentials.js";
import { base64Of } from "../content/base64.js";
import { keyOf, stepsOf } from "./steps.js";
import { state, update } from "./store.js";

const STORED_TAB = "playground.use";
const SHORT_FILE_BYTES = 3000;

/** @type {WeakMap<Blob, string | null>} contents of short files as base64; null while they are read */
const contents = new WeakMap();

/** @returns {string} the tab that was chosen last in this browser, which may not exist */
export function storedTab() {
  try {
    return localStorage.getItem(STORED_TAB) ?? "";
  } catch {
    return ""; // The browser stores nothing for this page.
  }
}

export function toggleUse() {
  update((state) => {
    state.use.isOpen = !state.use.isOpen;
  });
}

/** @param {string} tab */
export function chooseTab(tab) {
  update((state) => {
    state.use.tab = tab;
  });
  try {
    localStorage.setItem(STORED_TAB, tab);
  } catch {
    // The tab is remembered until the page is closed.
  }
}

/** @param {boolean} withSession whether the texts have the session ID */
export function showSessionInUse(withSession) {
  update((state) => {
    state.use.withSession = withSession;
  });
}

/** @param {boolean} withLinks whether runs are to return links to their charts and files */
export function askForLinksInUse(withLinks) {
  update((state) => {
    state.use.withLinks = withLinks;
  });
}

/**
 * @param {import("./types.js").Session} session
 * @returns {{steps: import("./steps.js").Step[], chosen: import("./steps.js").Step}} what can be shown, and what is: what
 *   was done last, until another step is chosen
 */
export function stepsToUse(session) {
  const last = session.lastCall ?? nextRun(session);
  const steps = stepsOf(session, last);
  const { step } = state.use;
  const key = step && step.last === session.lastCall ? step.key : keyOf(last);
  const chosen = steps.find((each) => each.key === key) ?? { key: keyOf(last), call: last };
  return { steps, chosen: state.use.withLinks ? { key: chosen.key, call: askingForLinks(chosen.call) } : chosen };
}

/**
 * @param {import("../api/client.js").Call} call
 * @returns {import("../api/client.js").Call}
 */
function askingForLinks(call) {
  if (call.operationId !== "ExecutePythonCode") return call;
  return { ...call, json: { ...call.json, includeContent: "links" } };
}

/**
 * @param {import("./types.js").Session} session
 * @param {string} key of the step, which is shown until something else is done
 */
export function chooseStep(session, key) {
  update(({ use }) => {
    use.step = { key, last: session.lastCall };
  });
}

/**
 * @param {import("./types.js").Session} session
 * @returns {import("../api/client.js").Call} the run of the code in the editor
 */
function nextRun(session) {
  const pythonCode = session.code.trim() ? session.code : "print(6 * 7)";
  return {
    operationId: "ExecutePythonCode",
    json: {
      sessionId: session.id,
      pythonCode,
      timeoutInSeconds: session.timeoutInSeconds,
      workspaceId: session.workspaceId,
    },
  };
}

/**
 * @param {import("../api/client.js").Call} call
 * @param {string | null} session the session ID, if it is to be in the text
 * @returns {import("../snippets/place.js").Place}
 */
export function placeOf(call, session) {
  const hasCredential = Object.keys(credentialHeaders()).length > 0;
  return {
    api: new URL(".", document.baseURI).href.replace(/\/$/, ""),
    auth: document.documentElement.dataset.auth === "entra" ? "entra" : "key",
    scope: document.documentElement.dataset.scope ?? "",
    needsCredential: hasCredential || state.connection.status !== "connected",
    session,
    content: call.file ? contentOf(call.file) : null,
    downloadBytes: call.operationId === "DownloadFile" ? sizeOf(call) : 0,
  };
}

/**
 * @param {import("../api/client.js").Call} call of DownloadFile
 * @returns {number} the size of the file, in bytes; 0 if it is not in the list of files
 */
function sizeOf({ parameters = {} }) {
  const session = state.sessions.find(({ id }) => id === parameters.sessionId);
  const isIt = (/** @type {import("../api/models.js").FileFacts} */ { fileName, folder }) =>
    fileName === parameters.fileName && folder === (parameters.folder ?? "");
  return session?.files.find(isIt)?.size ?? 0;
}

/**
 * @param {Blob} file
 * @returns {string | null} its content as base64, if it is short and has been read; if not, it is read now
 */
function contentOf(file) {
  if (file.size > SHORT_FILE_BYTES) return null;
  const known = contents.get(file);
  if (known !== undefined) return known;
  contents.set(file, null);
  base64Of(file).then(
    (content) => {
      contents.set(file, content);
      update();
    },
    () => {}, // The file is not there any more.
  );
  return null;
}
