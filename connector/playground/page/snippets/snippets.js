// The kinds of snippets, in the order of their tabs.

import { LARGEST_BODY } from "../api/operations.js";
import { isTool, mcp, toolCall, UNSET_CONTENT } from "./agents.js";
import { curl } from "./curl.js";
import { javascript } from "./javascript.js";
import { credentialOf } from "./place.js";
import { python } from "./python.js";

import { logicApps, powerAutomate, UNSET_CONNECTOR } from "./workflows.js";

/** About what UploadFile takes, in bytes; base64 makes a third more of it. */
const LARGEST_IN_JSON = 75_000_000;

/** About what fits into a call or a result of a tool, in bytes. */
const LARGEST_IN_TOOL_CALL = 60_000;

/**
 * @typedef {Object} Snippet
 * @property {string} key
 * @property {string} label
 * @property {"bash" | "python" | "javascript" | "json"} language
 * @property {string} fileName under which it is saved
 * @property {boolean} readsVariables whether it reads API, KEY and SESSION from the environment
 * @property {(request: import("./request.js").Request, place: import("./place.js").Place) => string} text
 * @property {(request: import("./request.js").Request, place: import("./place.js").Place) => string} note where to put it,
 *   and what it needs
 */

/** @type {Snippet[]} */
export const SNIPPETS = [
  {
    key: "curl",
    label: "curl",
    language: "bash",
    fileName: "call.sh",
    readsVariables: true,
    text: curl,
    note: ({ upload }) => `For bash${upload ? ", in the folder with the file" : ""}. Set these first.`,
  },
  {
    key: "python",
    label: "Python",
    language: "python",
    fileName: "call.py",
    readsVariables: true,
    text: python,
    note: () => "A program that needs the package requests. Set these first, in the shell.",
  },
  {
    key: "javascript",
    label: "JavaScript",
    language: "javascript",
    fileName: "call.mjs",
    readsVariables: true,
    text: javascript,
    note: ({ upload, download }) =>
      upload || download !== null
        ? "A module for Node 18 or later. Set these first, in the shell."
        : "A module for Node 18 or later, and for browsers, where these are global variables. Set these first.",
  },
  {
    key: "logic-apps",
    label: "Logic Apps",
    language: "json",
    fileName: "action.json",
    readsVariables: false,
    text: logicApps,
    note: (request, place) =>
      [
        "Put the action into “actions”, in the code view of the workflow.",
        ...parametersOf(request, place),
        ...(request.upload ? ["Get_file_content is the step that provides the file."] : []),
        ...(request.isLong ? [`The action waits until ${request.isRun ? "the run has ended" : "all is copied"}.`] : []),
        ...(isLocal(place.api) ? ["A workflow in Azure does not reach this address: deploy the connector first."] : []),
      ].join(" "),
  },
  {
    key: "power-automate",
    label: "Power Automate",
    language: "json",
    fileName: "step.json",
    readsVariables: false,
    text: powerAutomate,
    note: (request, place) =>
      [
        `The step as it is in a flow's definition, once swagger.json is imported as a custom connector: ${UNSET_CONNECTOR} is the connector's name there.`,
        ...(request.usesSession && place.session === null
          ? ["In place of the parameter sessionId, take the session ID of an earlier step."]
          : []),
        ...(request.upload ? ["Get_file_content is the step that provides the file."] : []),
        ...(request.upload && request.upload.size > LARGEST_IN_JSON ? [TOO_LARGE] : []),
        ...(request.operationId === "ExecutePythonCode" && request.isLong ? [POLL] : []),
      ].join(" "),
  },
  {
    key: "agent",
    label: "Agent",
    language: "json",
    fileName: "tool-call.json",
    readsVariables: false,
    text: toolCall,
    note: (request, place) =>
      [
        isTool(request)
          ? "What a model sends, once its agent has the tools of the MCP server."
          : "What a model sends, once its agent has the tools of openapi.json: the MCP server does not have this one.",
        ...(request.upload && place.content === null ? [`${UNSET_CONTENT} is to be the content of the file.`] : []),
        ...(request.upload && request.upload.size > LARGEST_IN_TOOL_CALL ? [UPLOAD_BY_URL] : []),
        ...(request.download !== null && place.downloadBytes > LARGEST_IN_TOOL_CALL ? [SHARE] : []),
        ...(request.operationId === "ExecutePythonCode" && request.isLong ? [POLL] : []),
      ].join(" "),
  },
  {
    key: "mcp",
    label: "MCP",
    language: "json",
    fileName: "mcp.json",
    readsVariables: false,
    text: mcp,
    note: (_, place) =>
      [
        "The connector is an MCP server. Save this as .vscode/mcp.json for VS Code; other clients take the address and the headers in their own form.",
        ...(place.needsCredential
          ? [place.auth === "key" ? "VS Code asks for the key." : "The client signs its user in with Entra ID."]
          : []),
        ...(isLocal(place.api)
          ? ["A client in the cloud does not reach this address: deploy the connector first."]
          : []),
      ].join(" "),
  },
];

const POLL = "While status is Running, GetExecution returns the result so far.";
const TOO_LARGE = `UploadFile takes about ${LARGEST_IN_JSON / 1_000_000} MB: send a larger file with an HTTP action, or from a program.`;

const UPLOAD_BY_URL = "A model cannot write a file of this size: CreateUploadUrl returns an address to send it to.";
const SHARE = "A result of a tool is short: ShareFile returns an address from which the whole file can be downloaded.";

/**
 * @param {import("./request.js").Request} request
 * @param {import("./place.js").Place} place
 * @returns {string[]} sentences on what a workflow needs beside the action
 */
function parametersOf(request, place) {
  const readsSession = request.usesSession && place.session === null;
  if (place.auth === "entra" && place.scope)
    return [
      "The workflow's managed identity must be allowed to call the app.",
      ...(readsSession ? ["The workflow needs the parameter sessionId (String)."] : []),
    ];
  const session = readsSession ? " and the parameter sessionId (String)" : "";
  return [`The workflow needs the parameter ${credentialOf(place).parameter} (SecureString)${session}.`];
}

/**
 * @param {string} api
 * @returns {boolean} whether the address is reachable from this machine only
 */
function isLocal(api) {
  const { hostname } = new URL(api);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/**
 * @param {import("./request.js").Request} request
 * @returns {string} what was done, in words
 */
export function titleOf(request) {
  const { operationId, upload, download, given } = request;
  if (upload) return `Upload of ${upload.name}${upload.size > LARGEST_BODY ? ", in chunks" : ""}.`;
  if (download !== null) return `Download of ${download}.`;
  const title = COPY_TITLES[operationId]?.(given);
  if (title) return `${title}.`;
  if (operationId === "DeleteFile") return `Deletion of ${given.fileName}.`;
  return TITLES[operationId] ?? `${operationId}.`;
}

/** @type {Record<string, (given: Record<string, unknown>) => string>} */
const COPY_TITLES = {
  ShareFile: ({ fileName }) => `Link to ${fileName}`,
  ImportFile: ({ fileName }) => (fileName ? `Import of ${fileName}` : "Import of a file"),
  ExportFile: ({ fileName }) => `Export of ${fileName}`,
  SaveWorkspace: ({ workspaceId }) => `Workspace ${workspaceId}, saved`,
  RestoreWorkspace: ({ workspaceId }) => `Workspace ${workspaceId}, restored`,
};

/** @type {Record<string, string>} */
const TITLES = {
  ExecutePythonCode: "Run of the code.",
  GetExecution: "Result of a run.",
  CancelExecution: "Cancellation of a run.",
  UploadFile: "Upload of files.",
  ListFiles: "List of the files.",
  GetSession: "State of the session.",
  EndSession: "End of the session.",
  CheckConnection: "Check of the connection.",
};
