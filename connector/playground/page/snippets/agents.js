// A call as agents make it: a tool call, and the configuration of an MCP server that has the tools.
import { credentialOf, UNSET_SESSION } from "./place.js";
import { json } from "./quoting.js";

/** Stands for the content of a file that is too long for a tool call. */
export const UNSET_CONTENT = "BASE64-OF-THE-FILE";

/**
 * What a model sends. Agents get and send files as JSON.
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function toolCall(request, place) {
  const { upload, download } = request;
  const session = request.usesSession ? { sessionId: place.session ?? UNSET_SESSION } : {};
  if (upload) {
    const files = [{ fileName: upload.name, fileContent: place.content ?? UNSET_CONTENT }];
    return json(
      { name: "UploadFile", arguments: { ...session, files, ...(upload.folder && { folder: upload.folder }) } },
      2,
    );
  }
  const name = download === null ? request.operationId : "GetFile";
  return json({ name, arguments: { ...session, ...request.given } }, 2);
}

/** The program that is the server, with FastMCP, which makes a tool of each operation of openapi.json. */
const SERVER = [
  "import os, httpx2, fastmcp",
  'api = os.environ["API"]',
  'http = httpx2.AsyncClient(base_url=api, headers={HEADER: BEFORE + os.environ["VARIABLE"]}, timeout=300)',
  'document = httpx2.get(api + "/openapi.json", timeout=60).raise_for_status().json()',
  'fastmcp.FastMCP.from_openapi(document, client=http, name="Code Interpreter").run(show_banner=False)',
];

/** The version with which the program is tested. */
export const FASTMCP = "fastmcp==4.1.2";

/**
 * @param {import("./request.js").Request} _request the tools are the same whatever was done
 * @param {import("./place.js").Place} place
 * @returns {string}
 */
export function mcp(_request, place) {
  const { variable, header, before, unset } = credentialOf(place);
  const program = SERVER.join("\n")
    .replace("HEADER", json(header))
    .replace("BEFORE + ", before ? `${json(before)} + ` : "")
    .replace("VARIABLE", variable);
  const env = { API: place.api, [variable]: place.needsCredential ? unset : "none" };
  return json({ mcpServers: { "code-interpreter": { command: "python3", args: ["-c", program], env } } }, 2);
}
