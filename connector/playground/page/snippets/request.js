// What a call asks for, in the form from which all snippets are made.
import { DEFAULT_TIMEOUT_SECONDS, OPERATIONS } from "../api/operations.js";

/** The size of the parts of a file that is too large for one request, in bytes. */
export const PART_BYTES = 30_000_000;

/** Stands for the session ID in `path`: no other brace is in it. */
export const SESSION_IN_PATH = "{session}";

const RUNS = new Set(["ExecutePythonCode", "GetExecution", "CancelExecution"]);

/** What may go on after the response, as a copy that is to be polled. */
const COPIES = new Set(["ShareFile", "ImportFile", "ExportFile", "SaveWorkspace", "RestoreWorkspace"]);

/** Stands for what makes an address a secret. */
const UNSET_SIGNATURE = "YOUR-SIGNATURE";

/** What the page sends for its own purposes: with it, a snippet would return the page's run, or not wait for its own. */
const OF_THE_PAGE = new Set(["idempotencyKey", "waitInSeconds"]);

/**
 * @typedef {Object} Request
 * @property {string} operationId
 * @property {string} method
 * @property {string} path below the address of the API, encoded
 * @property {[string, string | number | boolean][]} query without the session ID
 * @property {boolean} sessionInQuery
 * @property {boolean} usesSession whether the call names a session; without, the connector makes one
 * @property {Record<string, unknown> | null} json the body without the session ID
 * @property {Record<string, unknown>} given all parameters and members without the session ID, by name
 * @property {{name: string, size: number, folder: string} | null} upload the file that is sent
 * @property {string | null} download the name of the file that is received
 * @property {boolean} isRun whether the response is an execution
 * @property {boolean} isLong whether the response may be a 202, so that the run or the copy is to be polled
 * @property {Record<string, unknown>} parameters those of path and query, without the session ID
 */

/**
 * @param {import("../api/client.js").Call} call
 * @returns {Request}
 */
export function requestOf(call) {
  const { operationId } = call;
  const { method, path } = OPERATIONS[operationId];
  const parameters = stated(call.parameters);
  const members = call.json ? stated(call.json) : null;
  const timeout = Number(members?.timeoutInSeconds ?? DEFAULT_TIMEOUT_SECONDS);
  if (members && timeout === DEFAULT_TIMEOUT_SECONDS) delete members.timeoutInSeconds;
  const session = parameters.sessionId ?? members?.sessionId;
  const sessionInPath = path.includes("{sessionId}");
  const sessionInQuery = !sessionInPath && parameters.sessionId !== undefined;
  const name = String(parameters.fileName ?? "");
  for (const place of [parameters, members]) delete place?.sessionId;
  if (members?.fileUrl) members.fileUrl = withoutSignature(String(members.fileUrl));
  const query = Object.entries(parameters).filter(([parameter]) => !path.includes(`{${parameter}}`));
  return {
    operationId,
    method,
    path: path.replace(/\{(\w+)\}/g, (_, parameter) =>
      parameter === "sessionId" ? SESSION_IN_PATH : encoded(String(parameters[parameter])),
    ),
    query: /** @type {[string, string | number | boolean][]} */ (query),
    sessionInQuery,
    usesSession: session !== undefined,
    json: members,
    parameters,
    given: { ...parameters, ...members },
    upload:
      operationId === "PutFile" ? { name, size: call.file?.size ?? 0, folder: String(parameters.folder ?? "") } : null,
    download: operationId === "DownloadFile" ? name : null,
    isRun: RUNS.has(operationId),
    isLong:
      COPIES.has(operationId) ||
      (RUNS.has(operationId) && (operationId !== "ExecutePythonCode" || timeout > DEFAULT_TIMEOUT_SECONDS)),
  };
}

/**
 * @param {string} address whose query may let anyone read the file
 * @returns {string}
 */
function withoutSignature(address) {
  return address.replace(/\?.*$/s, `?${UNSET_SIGNATURE}`);
}

/**
 * @param {Record<string, unknown>} [values]
 * @returns {Record<string, any>} those that are set, and are not the page's own
 */
function stated(values = {}) {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) => value !== undefined && value !== null && value !== "" && !OF_THE_PAGE.has(name),
    ),
  );
}

/**
 * @param {string} text
 * @returns {string} for a URL: letters, digits, `-._~` and percent signs only, which need no quoting in any language
 */
export function encoded(text) {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
