// What proves who calls: a function key, or a token of Entra ID. Kept in memory alone, and sent as a header alone.

/** @type {{header: string, value: string} | null} */
let credential = null;

/** @param {string} key a function key, sent with every call from now on */
export function useKey(key) {
  credential = { header: "x-functions-key", value: key };
}

/** @param {string} token an access token, sent with every call from now on */
export function useToken(token) {
  credential = { header: "Authorization", value: `Bearer ${token}` };
}

export function forgetCredential() {
  credential = null;
}

/** @returns {Record<string, string>} the header that is sent with a call */
export function credentialHeaders() {
  return credential ? { [credential.header]: credential.value } : {};
}
