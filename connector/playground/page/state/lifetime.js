// How long sessions live: what the connector reports, what each use changes, and what is done when one has ended.
import { ApiError, send } from "../api/client.js";
import { announce, state, update } from "./store.js";

/** @typedef {import("./types.js").Session} Session */

const CHECK_MILLISECONDS = 20_000; // while a session is in use
const SOON_MILLISECONDS = 200; // after a use, so that several count as one
const RETRY_MILLISECONDS = 3_000; // after a check of a session that should have expired by now
const WARNING_MILLISECONDS = 60_000; // before a session expires
const SKEW_MILLISECONDS = 2_000; // up to which clocks count as equal: dates of responses have whole seconds

/** @type {WeakMap<Session, ReturnType<typeof setTimeout>>} */
const checks = new WeakMap();

/** @returns {import("./types.js").Lifetime} that of a session that does not exist yet */
export function newLifetime() {
  return { createdTime: null, cooldown: null, usedAt: 0, checkedAt: 0, isWarned: false, firstRun: 1 };
}

/**
 * Is called after any call that used the session: it expires later now.
 * @param {Session} session
 */
export function noteUse(session) {
  const { lifetime } = session;
  update((state) => {
    lifetime.usedAt = state.now = Date.now();
    lifetime.isWarned = false;
    if (lifetime.cooldown !== null) session.expiresAt = lifetime.usedAt + lifetime.cooldown;
  });
  clearTimeout(checks.get(session));
  const isDue =
    lifetime.createdTime === null || lifetime.usedAt - lifetime.checkedAt > CHECK_MILLISECONDS || hasNewRun(session);
  if (isDue) checks.set(session, setTimeout(refreshSession, SOON_MILLISECONDS, session));
}

/**
 * Asks the connector whether the session exists, and until when. That is no use of the session.
 * @param {Session} session
 * @returns {Promise<void>}
 */
export async function refreshSession(session) {
  const { id, lifetime } = session;
  if (id === null || session.status !== "active") return;
  const askedAt = Date.now();
  lifetime.checkedAt = askedAt;
  /** @type {import("../api/client.js").ApiError | null} */
  let error = null;
  let answer = null;
  try {
    answer = await send({ operationId: "GetSession", parameters: { sessionId: id } });
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    error = failure;
  }
  if (session.id !== id || session.status !== "active") return;
  if (lifetime.usedAt > askedAt) return await refreshSession(session); // the response may be from before that
  if (answer) learn(session, answer.json, answer.headers);
  else if (error?.code === "SessionNotFound") expire(session);
}

/**
 * Is called by the clock: warns once before the session expires, and finds out whether it has expired.
 * @param {Session} session
 */
export async function noticeExpiry(session) {
  const { lifetime } = session;
  const isAsked = Date.now() - lifetime.checkedAt < RETRY_MILLISECONDS;
  if (isAsked || !isAboutToExpire(session) || (lifetime.isWarned && session.expiresAt > Date.now())) return;
  await refreshSession(session); // it may have been used elsewhere
  if (lifetime.isWarned || !isAboutToExpire(session)) return;
  update(() => {
    lifetime.isWarned = true;
  });
  announce(
    `${session.name} expires in a minute, with its variables and files, unless it is used. Press Keep it to extend it.`,
  );
}

/**
 * @param {Session} session
 * @returns {session is Session & {expiresAt: number}}
 */
function isAboutToExpire(session) {
  const { expiresAt, lifetime } = session;
  const warning = Math.min(WARNING_MILLISECONDS, (lifetime.cooldown ?? WARNING_MILLISECONDS) / 2);
  return expiresAt !== null && expiresAt - Date.now() <= warning && !isRunning(session);
}

/**
 * @param {Session} session
 * @returns {boolean} whether code runs in it; it does not expire then
 */
export function isRunning(session) {
  return session.runs.some((run) => run.endedAt === null);
}

/** @param {Session} session */
function expire(session) {
  update(() => {
    session.status = "expired";
    session.expiresAt = null;
    session.renewal = null;
  });
  // Of the one that is shown, the banner reports it.
  if (session.key !== state.currentKey) announce(`${session.name} has expired. Its variables and files are gone.`);
}

/**
 * @param {Session} session
 * @param {{createdTime?: string, lastUsedTime?: string, expiresTime?: string}} times
 * @param {Headers} headers
 */
function learn(session, { createdTime, lastUsedTime, expiresTime }, headers) {
  const { lifetime } = session;
  const difference = Date.parse(headers.get("Date") ?? "") - Date.now();
  const skew = Math.abs(difference) > SKEW_MILLISECONDS ? difference : 0;
  if (createdTime && lifetime.createdTime && createdTime !== lifetime.createdTime) {
    session.renewal = "session";
    lifetime.firstRun = newestNumber(session) + (newestRun(session)?.execution?.isNewSession ? 0 : 1);
  } else if (hasNewRun(session)) {
    session.renewal = "interpreter";
    lifetime.firstRun = newestNumber(session);
  }
  lifetime.createdTime = createdTime ?? null;
  lifetime.cooldown = expiresTime && lastUsedTime ? Date.parse(expiresTime) - Date.parse(lastUsedTime) : null;
  if (createdTime) session.createdAt = Date.parse(createdTime) - skew;
  session.expiresAt = expiresTime ? Date.parse(expiresTime) - skew : null;
  update((state) => {
    state.now = Date.now();
  });
}

/** @param {Session} session */
function newestRun(session) {
  return session.runs.at(-1);
}

/** @param {Session} session */
function newestNumber(session) {
  return newestRun(session)?.number ?? 0;
}

/**
 * @param {Session} session
 * @returns {boolean} whether the newest run had a new interpreter although an earlier one has left variables
 */
function hasNewRun(session) {
  const newest = newestRun(session);
  return (
    newest?.execution?.isNewSession === true &&
    session.runs.some(
      (run) =>
        run.number >= session.lifetime.firstRun &&
        run.number < newest.number &&
        (run.status === "Succeeded" || run.status === "Failed"),
    )
  );
}

/**
 * Extends the life of a session by a use that changes nothing.
 * @param {Session} session
 */
export async function keepSession(session) {
  await refreshSession(session); // because listing the files of one that has expired would begin another
  if (session.id === null || session.status !== "active") return;
  try {
    await send({ operationId: "ListFiles", parameters: { sessionId: session.id, maxItems: 1 } });
    noteUse(session);
    announce(`${session.name} is kept.`);
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    announce(failure.message);
  }
}

/**
 * Makes a session that has ended one that does not exist yet, with the same ID, code and results.
 * @param {Session} session
 */
export function startAnew(session) {
  session.status = "new";
  session.createdAt = null;
  session.expiresAt = null;
  session.renewal = null;
  session.files = [];
  session.filesError = null;
  session.filesToken = null;
  session.fileErrors = new Map();
  session.deletions = [];
  session.lifetime = { ...newLifetime(), firstRun: newestNumber(session) + 1 };
}

/**
 * Takes the ID that the connector has returned. Does nothing if the session has it.
 * @param {Session} session
 * @param {string} id
 */
export function adoptId(session, id) {
  if (session.id === id && session.status === "active") return;
  update(() => {
    const hadEnded = session.status === "expired" || session.status === "ended";
    if (hadEnded) startAnew(session);
    if (hadEnded && session.sources.size > 0) session.renewal = "session";
    session.id = id;
    session.status = "active";
    session.createdAt = Date.now();
  });
  noteUse(session);
}
