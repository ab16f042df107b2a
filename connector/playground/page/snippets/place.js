// Where snippets call the connector, and what they send to prove who calls.

/**
 * @typedef {Object} Place
 * @property {string} api the address of the operations
 * @property {"key" | "entra"} auth
 * @property {boolean} needsCredential false if the app answers anyone, as the emulator does
 * @property {string | null} session the session ID if it is to be in the text, and null if the text is to read it from a
 *   variable
 * @property {string | null} content the content of the file that is sent, as base64, if it is short
 */

/** @type {Record<Place["auth"], {variable: string, header: string, before: string, unset: string, parameter: string}>} */
const CREDENTIALS = {
  key: { variable: "KEY", header: "x-functions-key", before: "", unset: "YOUR-KEY", parameter: "functionKey" },
  entra: {
    variable: "TOKEN",
    header: "Authorization",
    before: "Bearer ",
    unset: "YOUR-TOKEN",
    parameter: "accessToken",
  },
};

/** What stands for the session ID in a text that has no variables. */
export const UNSET_SESSION = "YOUR-SESSION-ID";

/** @param {Place} place */
export function credentialOf(place) {
  return CREDENTIALS[place.auth];
}

/**
 * @param {Place} place
 * @param {boolean} usesSession whether the snippet reads the session ID
 * @returns {string} the lines that set, in a shell, what programs read
 */
export function settings(place, usesSession) {
  const { variable, unset } = credentialOf(place);
  const first = `export API=${place.api} ${variable}=${place.needsCredential ? unset : "none"}`;
  return usesSession && place.session === null ? `${first}\nexport SESSION=${UNSET_SESSION}` : first;
}
