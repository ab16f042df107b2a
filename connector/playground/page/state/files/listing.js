// Which files a session has.
import { ApiError, send } from "../../api/client.js";
import { noteUse } from "../lifetime.js";
import { persistently } from "../retries.js";
import { update } from "../store.js";
import { keepDeletions } from "./deletions.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../../api/models.js").FileFacts} FileFacts */

const ITEMS_PER_CALL = 1000;
const MOST_AT_FIRST = 4000;

/** @type {WeakMap<Session, AbortController>} what lists the files of a session now */
const listings = new WeakMap();

/**
 * Lists the files of a session again. What goes wrong is in `session.filesError`.
 * @param {Session} session
 * @param {{isAsked?: boolean}} [options] isAsked: by the user, who may want to use this call elsewhere
 */
export async function refreshFiles(session, { isAsked = false } = {}) {
  await list(session, null, isAsked);
}

/** @param {Session} session of which more files are listed, after those that are known */
export async function listMoreFiles(session) {
  if (session.filesToken !== null) await list(session, session.filesToken, false);
}

/**
 * @param {Session} session
 * @param {string | null} token
 * @param {boolean} isAsked
 */
async function list(session, token, isAsked) {
  // One that has expired would be created again by a list of its files.
  if (session.id === null || session.status !== "active") {
    update(() => {
      session.filesError = null;
    });
    return;
  }
  listings.get(session)?.abort(); // the newest one counts
  const listing = new AbortController();
  listings.set(session, listing);
  update(() => {
    session.filesAreLoading = true;
  });
  try {
    const parameters = { sessionId: session.id, recursive: true };
    if (isAsked) session.lastCall = { operationId: "ListFiles", parameters };
    const { signal } = listing;
    const { files, rest } = await persistently(() => pages(parameters, token, signal), { signal });
    update(() => {
      session.files = token === null ? files : [...session.files, ...files];
      session.filesToken = rest;
      session.filesError = null;
      session.filesAreLoading = false;
      keepDeletions(session);
      noteUse(session);
    });
  } catch (failure) {
    if (listing.signal.aborted) return; // by a newer one
    if (!(failure instanceof ApiError)) throw failure;
    update(() => {
      session.filesError = failure;
      session.filesAreLoading = false;
    });
  }
}

/**
 * @param {Record<string, string | number | boolean>} parameters
 * @param {string | null} token
 * @param {AbortSignal} signal
 * @returns {Promise<{files: FileFacts[], rest: string | null}>} rest is the token of the files after these
 */
async function pages(parameters, token, signal) {
  /** @type {FileFacts[]} */
  const files = [];
  let rest = token;
  do {
    const page = { ...parameters, maxItems: ITEMS_PER_CALL, ...(rest === null ? {} : { continuationToken: rest }) };
    const { json } = await send({ operationId: "ListFiles", parameters: page }, { signal });
    files.push(...json.files);
    rest = json.continuationToken ?? null;
  } while (rest !== null && files.length < MOST_AT_FIRST);
  return { files, rest };
}
