// A call as agents make it: a tool call, and the configuration of a client of the connector's MCP server.
import { credentialOf, UNSET_SESSION } from "./place.js";
import { json } from "./quoting.js";

/** Stands for the content of a file that is too long for a tool call. */
export const UNSET_CONTENT = "BASE64-OF-THE-FILE";

/** The arguments of the tools of the MCP server that the page's calls have too, beside the session ID. */
const TOOLS = {
  ExecutePythonCode: ["pythonCode", "timeoutInSeconds"],
  GetExecution: ["executionId"],
  CancelExecution: ["executionId"],
  ListFiles: ["folder", "recursive", "continuationToken"],
  GetFile: ["fileName", "folder"],
  ImportFile: ["url"],
  ShareFile: ["fileName", "folder", "lifetimeInSeconds"],
  DeleteFile: ["fileName", "folder"],
};

/**
 * @param {import("./request.js").Request} request
 * @returns {boolean} whether the MCP server has a tool for it; the other calls are for agents with openapi.json
 */
export function isTool({ operationId, upload, download, given }) {
  // The tool keeps the name of the file, and stores it in the data folder itself.
  if (operationId === "ImportFile") return given.fileName === undefined && given.folder === undefined;
  return upload !== null || download !== null || operationId in TOOLS;
}

/**
 * What a model sends: the parameters of a tools/call.
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function toolCall(request, place) {
  const { upload, download, given, operationId } = request;
  const session = request.usesSession ? { sessionId: place.session ?? UNSET_SESSION } : {};
  if (upload) {
    const content = { content: place.content ?? UNSET_CONTENT, encoding: "base64" };
    const folder = upload.folder ? { folder: upload.folder } : {};
    return json({ name: "UploadFile", arguments: { ...session, fileName: upload.name, ...content, ...folder } }, 2);
  }
  const name = download === null ? operationId : "GetFile";
  if (name === "ImportFile" && isTool(request)) {
    return json({ name, arguments: { ...session, url: given.blobUrl ?? given.fileUrl } }, 2);
  }
  const known = isTool(request) ? TOOLS[/** @type {keyof typeof TOOLS} */ (name)] : Object.keys(given);
  const kept = Object.fromEntries(Object.entries(given).filter(([argument]) => known.includes(argument)));
  return json({ name, arguments: { ...session, ...kept } }, 2);
}

/**
 * As VS Code reads it, which asks for the key and keeps it. With Entra ID, the client signs its user in.
 * @param {import("./request.js").Request} _request the tools are the same whatever was done
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function mcp(_request, place) {
  const server = { type: "http", url: `${place.api}/mcp` };
  if (!place.needsCredential || place.auth === "entra") return json({ servers: { "code-interpreter": server } }, 2);
  const { header, parameter } = credentialOf(place);
  const input = { type: "promptString", id: parameter, description: "Function key", password: true };
  const headers = { [header]: `\${input:${parameter}}` };
  return json({ inputs: [input], servers: { "code-interpreter": { ...server, headers } } }, 2);
}
