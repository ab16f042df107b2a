// The function key or the token with which this page calls. When calls are refused, all of them wait for one dialog.
import { ApiError, onUnauthorized, sendOnce } from "../../api/client.js";
import {
  currentCredential,
  forgetCredential,
  headersOf,
  ofKey,
  ofToken,
  useCredential,
} from "../../api/credentials.js";
import { bytesOf } from "../../content/base64.js";
import { announce, state, update } from "../store.js";
import { checkConnection, noteConnected, noteFailed } from "./connection.js";
import { forgetAccount, keepRenewing, loadEntra, renewToken, signInWithEntra } from "./entra.js";

/** @type {PromiseWithResolvers<void> | null} what refused calls wait for */
let waiting = null;

/** @type {Promise<boolean> | null} the renewal in progress */
let renewing = null;

/** @type {string | null} the dialog in whose place the one for the credential is open */
let dialogBefore = null;

let attempt = 0;

/** @returns {import("./entra.js").EntraSetup} what the connector has written into the page */
function setup() {
  const { authority = "", clientId = "", scope = "" } = document.documentElement.dataset;
  return { authority, clientId, scope };
}

/** Asks for a credential when a call is refused, from now on. */
export function startSignIn() {
  const { clientId, scope } = setup();
  update(({ signIn }) => {
    signIn.mode = document.documentElement.dataset.auth === "entra" ? "entra" : "key";
    signIn.hasClient = clientId !== "";
    signIn.scope = scope;
    signIn.addressHadKey = removeKeyFromAddress();
  });
  onUnauthorized(askForCredential);
}

/** Opens the dialog for the credential. */
export function openCredential() {
  update((state) => {
    if (state.dialog !== "credential") dialogBefore = state.dialog;
    state.dialog = "credential";
    state.signIn.problem = "";
    state.signIn.progress = "idle";
  });
  if (state.signIn.hasClient) loadEntra(setup()).catch(() => {}); // it is reported when the person signs in
}

/** Closes the dialog. The calls that wait for it fail, unless there is a credential now. */
export function cancelCredential() {
  attempt += 1;
  closeCredential();
  const refused = waiting;
  waiting = null;
  refused?.reject(
    new ApiError(
      state.signIn.mode === "entra"
        ? "You are not signed in. Sign in at the top of the page, and try again."
        : "This needs a function key. Enter one at the top of the page, and try again.",
      { status: 401 },
    ),
  );
}

/** @param {string} text the function key that was entered */
export async function enterKey(text) {
  if (state.signIn.progress === "checking") return;
  const key = text.trim();
  if (!/^[\x21-\x7e]+$/.test(key)) return report("This is not a function key. Copy it again, without other text.");
  const isAccepted = await tryOut(
    ofKey(key),
    "This key was not accepted. Copy a whole key of this app, and try again.",
  );
  if (isAccepted) accept(ofKey(key), { credential: "key", name: "", expiresAt: null });
}

/** @param {string} text the access token that was entered */
export async function enterToken(text) {
  if (state.signIn.progress === "checking") return;
  const token = text
    .trim()
    .replace(/^bearer\s+/i, "")
    .replace(/^"|"$/g, "");
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    return report("This is not an access token. Copy everything that the command prints.");
  const { name = "", exp = null } = claimsOf(token);
  const facts = /** @type {const} */ ({ credential: "token", name, expiresAt: exp && exp * 1000 });
  if (await tryOut(ofToken(token), "")) accept(ofToken(token), facts);
}

/** Opens the window in which the person signs in with Entra ID. */
export async function signIn() {
  attempt += 1;
  const thisAttempt = attempt;
  update(({ signIn }) => {
    signIn.progress = "window";
    signIn.problem = "";
  });
  try {
    const { token, name, expiresAt } = await signInWithEntra(setup());
    if (thisAttempt !== attempt) return;
    if (!(await tryOut(ofToken(token), ""))) return;
    accept(ofToken(token), { credential: "account", name, expiresAt });
    keepRenewing(setup(), expiresAt, noteRenewed);
  } catch (failure) {
    if (thisAttempt === attempt) report(/** @type {Error} */ (failure).message);
  }
}

/** Stops waiting for the window in which the person signs in. */
export function stopSigningIn() {
  attempt += 1;
  report("");
}

/** Forgets the key, the token or the account, and asks the connector without it. */
export async function forget() {
  forgetCredential();
  update(({ signIn }) => {
    Object.assign(signIn, { credential: "none", name: "", expiresAt: null, problem: "" });
  });
  await forgetAccount();
  announce(state.signIn.mode === "entra" ? "Signed out of this page" : "The key is forgotten");
  await checkConnection();
}

/** Closes the remark about the key in the address. */
export function dismissAddressRemark() {
  update(({ signIn }) => {
    signIn.addressHadKey = false;
  });
}

/**
 * @param {ApiError} refusal
 * @returns {Promise<void>} resolved when there is another credential
 */
async function askForCredential(refusal) {
  if (state.signIn.credential === "account") {
    renewing ??= renewed().finally(() => {
      renewing = null;
    });
    if (await renewing) return;
  }
  if (waiting) {
    if (state.dialog !== "credential") openCredential();
    return waiting.promise;
  }
  waiting = Promise.withResolvers();
  noteFailed(refusal);
  openCredential();
  if (currentCredential())
    report(state.signIn.mode === "entra" ? refusal.message : "The key is no longer accepted. Enter another one.");
  return waiting.promise;
}

/** @returns {Promise<boolean>} whether the account has a new token */
async function renewed() {
  const found = await renewToken(setup());
  if (!found) return false;
  useCredential(ofToken(found.token));
  noteRenewed(found);
  keepRenewing(setup(), found.expiresAt, noteRenewed);
  return true;
}

/** @param {{expiresAt: number}} facts */
function noteRenewed({ expiresAt }) {
  update(({ signIn }) => {
    signIn.expiresAt = expiresAt;
  });
}

/**
 * Calls the connector with a credential, before other calls use it.
 * @param {import("../../api/credentials.js").Credential} credential
 * @param {string} refusal what is said when it is not accepted, instead of the connector's own words
 * @returns {Promise<boolean>} whether it is accepted
 */
async function tryOut(credential, refusal) {
  update(({ signIn }) => {
    signIn.progress = "checking";
    signIn.problem = "";
  });
  try {
    const { json } = await sendOnce({ operationId: "CheckConnection", headers: headersOf(credential) }, {});
    noteConnected(json);
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    const isRefused = failure.status === 401 || failure.code === "CallerNotAllowed";
    if (isRefused || failure.status === 0) {
      report((failure.status === 401 && refusal) || failure.message);
      return false;
    }
    noteFailed(failure); // of the pool or the settings: the credential is not what is wrong
  }
  return true;
}

/**
 * @param {import("../../api/credentials.js").Credential} credential
 * @param {{credential: "key" | "token" | "account", name: string, expiresAt: number | null}} facts
 */
function accept(credential, facts) {
  useCredential(credential);
  update(({ signIn }) => Object.assign(signIn, facts));
  closeCredential();
  announce(facts.name ? `Signed in as ${facts.name}` : "Accepted");
  const refused = waiting;
  waiting = null;
  refused?.resolve();
}

function closeCredential() {
  update((state) => {
    if (state.dialog === "credential") state.dialog = dialogBefore;
    dialogBefore = null;
    state.signIn.progress = "idle";
    state.signIn.problem = "";
  });
}

/** @param {string} problem */
function report(problem) {
  update(({ signIn }) => {
    signIn.problem = problem;
    signIn.progress = "idle";
  });
}

/**
 * @param {string} token
 * @returns {{name?: string, exp?: number}} what it says about itself, for display; the connector is who checks it
 */
function claimsOf(token) {
  try {
    const bytes = bytesOf(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"));
    const { name, preferred_username, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return { name: String(name ?? preferred_username ?? ""), exp: typeof exp === "number" ? exp : undefined };
  } catch {
    return {};
  }
}

/**
 * The page does not use such a key: whoever shares the address would share the key.
 * @returns {boolean} whether there was one
 */
function removeKeyFromAddress() {
  const address = new URL(location.href);
  if (!address.searchParams.has("code")) return false;
  address.searchParams.delete("code");
  history.replaceState(null, "", address);
  return true;
}
