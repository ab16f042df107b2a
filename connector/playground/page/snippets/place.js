// Where snippets call the connector, and what they send to prove who calls.
import { word } from "./quoting.js";

/**
 * @typedef {Object} Place
 * @property {string} api the address of the operations
 * @property {"key" | "entra"} auth
 * @property {string} scope of the tokens that the app accepts; empty if it is not known here
 * @property {boolean} needsCredential false if the app answers anyone, as the emulator does
 * @property {string | null} session the session ID if it is to be in the text, and null if the text is to read it from a
 *   variable
 * @property {string | null} content the content of the file that is sent, as base64, if it is short
 * @property {number} downloadBytes the size of the file that is received; 0 if it is not known
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

/**
 * @param {Place} place
 * @returns {string} what is to be the credential, in a shell
 */
function credentialIn(place) {
  if (!place.needsCredential) return "none";
  if (place.auth === "key" || !place.scope) return credentialOf(place).unset;
  return `"$(az account get-access-token --scope ${word(place.scope)} --query accessToken --output tsv)"`;
}

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
  const { variable } = credentialOf(place);
  const first = `export API=${place.api} ${variable}=${credentialIn(place)}`;
  return usesSession && place.session === null ? `${first}\nexport SESSION=${UNSET_SESSION}` : first;
}
