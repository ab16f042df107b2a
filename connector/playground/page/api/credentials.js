// What proves who calls: a function key, or a token of Entra ID. Kept only in memory, and sent only as a header.

/** @typedef {{header: string, value: string}} Credential */

/** @type {Credential | null} */
let current = null;

/**
 * @param {string} key a function key
 * @returns {Credential}
 */
export function ofKey(key) {
  return { header: "x-functions-key", value: key };
}

/**
 * @param {string} token an access token
 * @returns {Credential}
 */
export function ofToken(token) {
  return { header: "Authorization", value: `Bearer ${token}` };
}

/** @param {Credential} credential which is sent with every call from now on */
export function useCredential(credential) {
  current = credential;
}

/** Sends calls without a credential from now on. */
export function forgetCredential() {
  current = null;
}

/** @returns {Credential | null} the one that is sent with calls now */
export function currentCredential() {
  return current;
}

/** @returns {Record<string, string>} the header that is sent with a call */
export function credentialHeaders() {
  return headersOf(current);
}

/**
 * @param {Credential | null} credential
 * @returns {Record<string, string>}
 */
export function headersOf(credential) {
  return credential ? { [credential.header]: credential.value } : {};
}
