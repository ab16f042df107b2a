// Sign-in with Entra ID in a window of its own, with Microsoft's library. Tokens are kept in memory.
import { currentCredential, ofToken, useCredential } from "../../api/credentials.js";

/**
 * What the operator has set up: the authority's address, the page's own application, and the scope of tokens.
 * @typedef {{authority: string, clientId: string, scope: string}} EntraSetup
 */

/** @typedef {{token: string, name: string, expiresAt: number}} SignedIn */

const WINDOW_MILLISECONDS = 10 * 60_000; // time to find the phone that confirms the sign-in
const RENEWAL_MILLISECONDS = 5 * 60_000; // before a token expires

/** @type {Promise<any> | null} */
let application = null;

/** @type {any} the account that is signed in */
let account = null;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let renewal;

/**
 * Loads the library, so that the window opens at once when the person asks for it: otherwise browsers may block it.
 * @param {EntraSetup} setup
 * @returns {Promise<any>}
 */
export function loadEntra(setup) {
  application ??= started(setup).catch((failure) => {
    application = null; // the next attempt may succeed
    throw failure;
  });
  return application;
}

/**
 * Opens a window in which the person signs in.
 * @param {EntraSetup} setup
 * @returns {Promise<SignedIn>}
 * @throws {Error} whose message says what to do
 */
export async function signInWithEntra(setup) {
  try {
    const library = await loadEntra(setup);
    const result = await library.acquireTokenPopup({
      scopes: [setup.scope],
      prompt: "select_account",
      overrideInteractionInProgress: true, // of a window that was closed, which the page cannot know
    });
    account = result.account;
    return signedIn(result);
  } catch (failure) {
    throw new Error(explanation(failure));
  }
}

/**
 * Gets a new token without a window.
 * @param {EntraSetup} setup
 * @returns {Promise<SignedIn | null>} null if the person has to sign in again
 */
export async function renewToken(setup) {
  if (!account) return null;
  try {
    const [library, { CacheLookupPolicy }] = await Promise.all([loadEntra(setup), import("../../libraries/entra.js")]);
    // Only by the refresh token: the other way is a hidden frame, which the page's policy does not allow.
    const cacheLookupPolicy = CacheLookupPolicy.RefreshToken;
    return signedIn(await library.acquireTokenSilent({ scopes: [setup.scope], account, cacheLookupPolicy }));
  } catch {
    return null;
  }
}

/**
 * Renews the token in time, again and again, as long as it is the one that is used.
 * @param {EntraSetup} setup
 * @param {number} expiresAt milliseconds since 1970
 * @param {(renewed: SignedIn) => void} note is called with each new token
 */
export function keepRenewing(setup, expiresAt, note) {
  clearTimeout(renewal);
  const used = currentCredential();
  renewal = setTimeout(
    async () => {
      const renewed = await renewToken(setup);
      if (!renewed || used !== currentCredential()) return;
      useCredential(ofToken(renewed.token));
      note(renewed);
      keepRenewing(setup, renewed.expiresAt, note);
    },
    Math.max(30_000, expiresAt - RENEWAL_MILLISECONDS - Date.now()),
  );
}

/** Forgets the account and its tokens on this page. The person remains signed in to Entra ID. */
export async function forgetAccount() {
  clearTimeout(renewal);
  account = null;
  await (await application)?.clearCache();
}

/** @param {EntraSetup} setup */
async function started(setup) {
  const { PublicClientApplication } = await import("../../libraries/entra.js");
  const library = new PublicClientApplication({
    auth: {
      clientId: setup.clientId,
      authority: setup.authority,
      // The connector trusts it. Otherwise the library would ask a host of Microsoft whether it may.
      knownAuthorities: [new URL(setup.authority).host],
      redirectUri: new URL("playground/signed-in", new URL(".", document.baseURI)).href,
    },
    cache: { cacheLocation: "memoryStorage" },
    system: { popupBridgeTimeout: WINDOW_MILLISECONDS },
  });
  await library.initialize();
  return library;
}

/**
 * @param {any} result of the library
 * @returns {SignedIn}
 */
function signedIn(result) {
  return {
    token: result.accessToken,
    name: result.account.name || result.account.username,
    expiresAt: Number(result.expiresOn),
  };
}

/**
 * @param {any} failure of the library
 * @returns {string}
 */
function explanation(failure) {
  if (["popup_window_error", "empty_window_error"].includes(failure.errorCode))
    return "The browser did not open the window. Allow pop-ups for this page, and try again.";
  if (failure.errorCode === "timed_out") return "The sign-in was not finished in time. Try again.";
  if (failure.errorCode === "user_cancelled" || failure.subError === "cancel")
    return "The sign-in was canceled. Try again.";
  if (["no_network_connectivity", "network_error", "endpoints_resolution_error"].includes(failure.errorCode))
    return "Entra ID is not responding. Check the network, and try again.";
  return `Entra ID refused the sign-in: ${failure.errorMessage || failure.message}`;
}
