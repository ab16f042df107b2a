// Files that the connector fetches by their addresses. They are in the list of uploads until they have arrived.
import { ApiError } from "../../api/client.js";
import { pathOf, shownName } from "../../content/names.js";
import { cancelCopy, copied, noProgress } from "../copying.js";
import { adoptId, noteUse } from "../lifetime.js";
import { interruptiblePause } from "../retries.js";
import { announce, state, update } from "../store.js";
import { forgetDeletion } from "./deletions.js";
import { showFile } from "./one_file.js";
import { isBeingCreated } from "./uploads.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../types.js").Import} Import */
/** @typedef {import("../types.js").ImportRequest} ImportRequest */

const QUIET_PAUSE = 200;

/** @type {WeakMap<Import, AbortController>} what stops an import that is under way */
const cancelers = new WeakMap();
let made = 0;

/** Cancels imports when the page is left: nobody would go on with them. */
export function watchImports() {
  addEventListener("pagehide", () => {
    for (const { imports } of state.sessions)
      for (const { token } of imports) if (token) cancelCopy(token, true).catch(() => {});
  });
}

/**
 * Imports a file. One that fails stays in `session.imports`, with the reason.
 * @param {Session} session
 * @param {ImportRequest} request
 */
export async function importFile(session, request) {
  made += 1;
  /** @type {Import} */
  const item = {
    key: `import-${made}`,
    request,
    fileName: request.fileName || nameIn(request.address),
    status: "waiting",
    progress: noProgress(),
    token: "",
    error: null,
  };
  update(() => session.imports.push(item));
  await start(session, item);
}

/**
 * @param {Session} session
 * @param {Import} item that failed
 */
export async function retryImport(session, item) {
  update(() => Object.assign(item, { status: "waiting", progress: noProgress(), error: null }));
  await start(session, item);
}

/**
 * Cancels an import, and removes what has arrived of it; or forgets one that failed.
 * @param {Session} session
 * @param {Import} item
 */
export function cancelImport(session, item) {
  cancelers.get(item)?.abort();
  remove(session, item);
}

/** @param {Session} session whose imports are all canceled; those that failed stay */
export function cancelAllImports(session) {
  for (const item of session.imports.filter(({ status }) => status !== "failed")) cancelImport(session, item);
}

/**
 * @param {Session} session
 * @param {Import} item
 */
async function start(session, item) {
  const canceler = new AbortController();
  cancelers.set(item, canceler);
  try {
    while (isBeingCreated(session) || (session.id === null && session.runs.at(-1)?.status === "Sending")) {
      await interruptiblePause(QUIET_PAUSE, canceler.signal);
    }
    await carryOut(session, item, canceler.signal);
  } catch (failure) {
    if (canceler.signal.aborted) return;
    if (!(failure instanceof ApiError)) throw failure;
    update(() => Object.assign(item, { status: "failed", error: failure, token: "" }));
    announce(`${shownName(item.fileName)} was not imported. ${failure.message}`);
  }
}

/**
 * @param {Session} session
 * @param {Import} item
 * @param {AbortSignal} signal
 */
async function carryOut(session, item, signal) {
  update(() => Object.assign(item, { status: "copying" }));
  const { address, kind, folder, fileName } = item.request;
  const given = { [kind]: address, ...(folder ? { folder } : {}), ...(fileName ? { fileName } : {}) };
  const call = { operationId: "ImportFile", json: { ...(session.id ? { sessionId: session.id } : {}), ...given } };
  const { sessionId, files } = await copied(call, {
    signal,
    onBegun: (token, id) => {
      item.token = token;
      adoptId(session, id);
    },
    onProgress: (change) => update(() => Object.assign(item.progress, change)),
  });
  adoptId(session, sessionId);
  noteUse(session);
  update(() => {
    session.lastCall = { ...call, json: { sessionId, ...given } };
    for (const file of files) {
      forgetDeletion(session, pathOf(file));
      session.sources.delete(pathOf(file)); // it is another file now
      showFile(session, file);
    }
  });
  remove(session, item);
  announce(`${shownName(item.fileName)} was imported.`);
}

/**
 * @param {Session} session
 * @param {Import} item
 */
function remove(session, item) {
  update(() => {
    session.imports = session.imports.filter((other) => other !== item);
  });
}

/**
 * @param {string} address
 * @returns {string} the name that it ends in, or else its host: what people recognize
 */
function nameIn(address) {
  try {
    const { pathname, hostname } = new URL(address);
    return decodeURIComponent(pathname.split("/").findLast(Boolean) ?? "") || hostname;
  } catch {
    return address.slice(0, 100);
  }
}
